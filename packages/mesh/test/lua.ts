import { lauxlib, lua, lualib, to_luastring as toLua } from "fengari";
import { type HeaderLines, valuesOf } from "./requests.ts";

/** Joins the lines of a header with "," as Envoy does before it hands them to Lua. */
const harness = `
function answer()
  local headers = {}
  function headers:get(name) return LINES[name] end
  return envoy_on_route({ headers = function() return headers end })
end
`;

/** Loads a text and answers requests by it. Throws what Lua reports. */
export function loadLua(text: string): (request: HeaderLines) => string {
  const state = lauxlib.luaL_newstate();
  lualib.luaL_openlibs(state);
  const check = (status: number): void => {
    if (status === lua.LUA_OK) return;
    throw new Error(`Lua: ${Buffer.from(lua.lua_tostring(state, -1) ?? []).toString("latin1")}`);
  };
  check(lauxlib.luaL_dostring(state, bytes(text + harness)));
  return (request) => {
    lua.lua_newtable(state);
    for (const name of new Set(request.map(([used]) => used.toLowerCase()))) {
      lua.lua_pushstring(state, bytes((valuesOf(request, name) ?? []).join(",")));
      lua.lua_setfield(state, -2, toLua(name));
    }
    lua.lua_setglobal(state, toLua("LINES"));
    lua.lua_getglobal(state, toLua("answer"));
    check(lua.lua_pcall(state, 0, 1, 0));
    const answer = Buffer.from(lua.lua_tostring(state, -1) ?? []).toString("latin1");
    lua.lua_pop(state, 1);
    return answer;
  };
}

/** One byte a character, as header values are. */
function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
