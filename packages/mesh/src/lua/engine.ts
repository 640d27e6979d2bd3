/**
 * The constant part of the table that Envoy routes by: `parseRoute` and `resolve` of @cocktail/route for one service, in Lua 5.1. Envoy
 * joins repeated lines with "," before it hands them to Lua, so one parser serves all its versions. The data before it defines
 *   PREFIX   "payment-service:"                     NAMES  the header names of pins, environment and mode
 *   V        live key -> cluster, `stable` too      E      environment -> key
 *   M        environment -> true: a member of it is not live
 *   SPLIT    empty, or the clusters among which stable's requests are divided: {cluster, weight}
 *   NONE     the cluster of a service without stable variant       STRICT  the cluster of a strict request that misses something
 * Every value that a request controls is compared, never used as a pattern, and every loop is bounded by the 4,096 bytes of a field or
 * the 16,384 of baggage. LuaJIT lowers ASCII only, as the grammar wants.
 */
export const engine: string = String.raw`
local byte, char, find, gsub = string.byte, string.char, string.find, string.gsub
local lower, match, sub = string.lower, string.match, string.sub
local FAR = 1e9

local function is_space(code) return code == 32 or code == 9 end

local function trim(text)
  local from, to = 1, #text
  while from <= to and is_space(byte(text, from)) do from = from + 1 end
  while to >= from and is_space(byte(text, to)) do to = to - 1 end
  if from == 1 and to == #text then return text end
  return sub(text, from, to)
end

local function is_label(text, limit)
  return #text <= limit and find(text, "^[a-z0-9][-a-z0-9]*$") and byte(text, -1) ~= 45
end

local function is_service(text)
  if #text > 253 then return false end
  local from = 1
  while true do
    local dot = find(text, ".", from, true)
    if not is_label(sub(text, from, (dot or 0) - 1), 63) then return false end
    if not dot then return true end
    from = dot + 1
  end
end

-- The bytes that an entry adds to the canonical form: a valid pin of a service that was not pinned before.
local function canonical_bytes(entry, seen)
  local colon = find(entry, ":", 1, true)
  if not colon then return 0 end
  local service = sub(entry, 1, colon - 1)
  if seen[service] or not is_service(service) or not is_label(sub(entry, colon + 1), 40) then return 0 end
  seen[service] = true
  return 2 + #entry
end

-- The key of the leftmost valid pin of this service. Nil without one, and where the field exceeds a limit.
local function pinned_key(field)
  local text = lower(trim(field))
  if text == "" or #text > 4096 then return nil end
  -- Only "," can grow to "::", at most 63 times: a shorter text can't exceed the limit in its canonical form.
  local seen, canonical = #text > 4033 and {} or nil, -2
  local from, entries, key = 1, 0, nil
  local comma = find(text, ",", 1, true) or FAR
  local pair = find(text, "::", 1, true) or FAR
  while true do
    local to, after
    if pair < comma then
      to, after = pair - 1, pair + 2
    elseif comma < FAR then
      to, after = comma - 1, comma + 1
      while to >= from and is_space(byte(text, to)) do to = to - 1 end
      while is_space(byte(text, after)) do after = after + 1 end
    else
      to = #text
    end
    if not key and sub(text, from, from + #PREFIX - 1) == PREFIX then
      local candidate = sub(text, from + #PREFIX, to)
      if is_label(candidate, 40) then key = candidate end
    end
    if seen then canonical = canonical + canonical_bytes(sub(text, from, to), seen) end
    entries = entries + 1
    if not after then break end
    if entries == 64 then return nil end
    from = after
    if comma < from then comma = find(text, ",", from, true) or FAR end
    if pair < from then pair = find(text, "::", from, true) or FAR end
  end
  if canonical > 4096 then return nil end
  return key
end

-- The value of a field that is no list: repeated lines must be equal.
local function single_value(field)
  local text = lower(trim(field))
  if text == "" or #text > 4096 then return nil end
  if not find(text, ",", 1, true) then return text end
  local value, from, entries = nil, 1, 0
  while true do
    local comma = find(text, ",", from, true)
    local entry = trim(sub(text, from, (comma or 0) - 1))
    entries = entries + 1
    if comma and entries == 64 then return nil end
    if entry ~= "" then
      if value and value ~= entry then return nil end
      value = entry
    end
    if not comma then return value end
    from = comma + 1
  end
end

local MEMBERS = { ["service-route"] = 1, ["source-route"] = 2, ["route-mode"] = 3 }
local function unescape(hex) return char(tonumber(hex, 16)) end

-- The route members of a baggage header, in the order of NAMES.
local function baggage_fields(text)
  local fields = {}
  if not text or #text > 16384 then return fields end
  if not (find(text, "e-route", 1, true) or find(text, "route-m", 1, true)) then return fields end
  local from = 1
  while true do
    local comma = find(text, ",", from, true)
    local entry = sub(text, from, (comma or 0) - 1)
    local equals = find(entry, "=", 1, true)
    local index = equals and MEMBERS[trim(sub(entry, 1, equals - 1))]
    if index then
      local value = sub(entry, equals + 1)
      local properties = find(value, ";", 1, true)
      if properties then value = sub(value, 1, properties - 1) end
      value = gsub(trim(value), "%%(%x%x)", unescape)
      fields[index] = fields[index] and fields[index] .. "," .. value or value
    end
    if not comma then return fields end
    from = comma + 1
  end
end

local TOTAL = 0
for _, part in ipairs(SPLIT) do TOTAL = TOTAL + part[2] end

-- The cluster of a key, nil if it is not live.
local function cluster_of(key)
  local cluster = V[key]
  if TOTAL == 0 or key ~= "stable" or not cluster then return cluster end
  local left = math.random(TOTAL)
  for _, part in ipairs(SPLIT) do
    left = left - part[2]
    if left <= 0 then return part[1] end
  end
end

-- The line of a header, or what baggage says where there is none. Baggage is read once, and only if it is asked for.
local function field(headers, index, mirror)
  local line = headers:get(NAMES[index])
  if line then return line, mirror end
  mirror = mirror or baggage_fields(headers:get("baggage"))
  return mirror[index], mirror
end

-- The cluster for a request. A live pin, most requests' case, needs no other field: each read of a header costs.
function envoy_on_route(route)
  local headers = route:headers()
  local pins, environment, mode, mirror
  pins, mirror = field(headers, 1, nil)
  local key = pins and pinned_key(pins)
  if key and V[key] then return cluster_of(key) end
  environment, mirror = field(headers, 2, mirror)
  local layer = environment and single_value(environment)
  if key or (layer and M[layer]) then
    mode = field(headers, 3, mirror)
    if mode and single_value(mode) == "strict" then return STRICT end
  end
  local member = layer and E[layer]
  return member and V[member] or cluster_of("stable") or NONE
end
`;
