/** The part of fengari that the tests call; it ships no types. Strings of Lua are bytes. */
declare module "fengari" {
  interface LuaState {
    readonly brand: "lua_State";
  }
  export function to_luastring(text: string): Uint8Array;
  export const lua: {
    readonly LUA_OK: number;
    lua_tostring(state: LuaState, index: number): Uint8Array | null;
    lua_newtable(state: LuaState): void;
    lua_pushstring(state: LuaState, text: Uint8Array): void;
    lua_setfield(state: LuaState, index: number, name: Uint8Array): void;
    lua_setglobal(state: LuaState, name: Uint8Array): void;
    lua_getglobal(state: LuaState, name: Uint8Array): number;
    lua_pcall(state: LuaState, args: number, results: number, handler: number): number;
    lua_pop(state: LuaState, count: number): void;
  };
  export const lauxlib: {
    luaL_newstate(): LuaState;
    luaL_dostring(state: LuaState, text: Uint8Array): number;
  };
  export const lualib: { luaL_openlibs(state: LuaState): void };
}
