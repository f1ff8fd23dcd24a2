// The scripts. Numbers of 16 digits: Lua's doubles hold them exactly (below 2^53), integer replies
// return them exactly, but Lua's own conversion to text keeps 14 digits, hence every '%.0f'.
#include "shared/adapters/redis/scripts.h"

namespace stampede::redis {
namespace {

// KEYS state, recent, gateways, then the key of each message that has one
// ARGV registration ('' for none), '1' if it should have members here, recent count, recent ttl ms,
//      key ttl ms, floor, then for each message: its id if it has a key, else '', wire form
// A message that is large for its kind shortens the list, to what 16 MiB hold of its size (four at
// least), so that a room's recent messages take tens of MiB at most whatever clients may send.
// Time stands still inside a script, so the messages get consecutive positions: the answer is
// {flags, prev of the first, seq of the first, then for each duplicate: index, and seq, prev and id
// of the message that had its key first}.
// Flags: 1 = another registration has members, 2 = ours should be here and is not.
constexpr std::string_view kSequence = R"lua(
local state, recent, gateways = KEYS[1], KEYS[2], KEYS[3]
local others = redis.call('HLEN', gateways)
local present = others > 0 and redis.call('HEXISTS', gateways, ARGV[1]) or 0
local flags = others > present and 1 or 0
if ARGV[2] == '1' and present == 0 then flags = 3 end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = redis.call('HGET', state, 'last')
if not last and redis.call('EXISTS', recent) == 1 then redis.call('UNLINK', recent) end
local prev = math.max(tonumber(last or '0'), tonumber(ARGV[6]))
local seq = math.max(prev, now - 1)
local out = {flags, prev, seq + 1}
local key = 3
local before = string.format('%.0f', prev)
local index = 0
for i = 7, #ARGV, 2 do
  local seen = false
  if ARGV[i] ~= '' then
    key = key + 1
    seen = redis.call('GET', KEYS[key])
  end
  if seen then
    local s, p, id = string.match(seen, '^(%d+) (%d+) (%S+)$')
    out[#out + 1] = index
    out[#out + 1] = tonumber(s)
    out[#out + 1] = tonumber(p)
    out[#out + 1] = id
  else
    seq = seq + 1
    local at = string.format('%.0f', seq)
    local most = math.min(tonumber(ARGV[3]), math.max(4, math.floor(16777216 / #ARGV[i + 1])))
    redis.call('XADD', recent, 'MAXLEN', '~', most, at .. '-0', 'p', before, 'm', ARGV[i + 1])
    if ARGV[i] ~= '' then
      redis.call('SET', KEYS[key], at .. ' ' .. before .. ' ' .. ARGV[i], 'PX', ARGV[5])
    end
    before = at
    last = at
  end
  index = index + 1
end
if last then redis.call('HSET', state, 'last', last) end
if others == 0 then
  redis.call('PEXPIRE', state, ARGV[4])
  redis.call('PEXPIRE', recent, ARGV[4])
end
return out
)lua";

// KEYS state, recent, gateways, members of the registration, users
// ARGV registration, capacity in users or 0, then session, since, user for each
// Users change in a chain of versions, which are made like the positions of messages. Answers
// {last, generation of the membership or 0 when it has none of the registration, 1 if another one
// has members, number of users, version before the first change, version of the first, list of the
// users who are new, list of the indices of sessions that found the room full}.
constexpr std::string_view kEnter = R"lua(
local state, recent, gateways, members, users = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local capacity = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local count = redis.call('HLEN', users)
local new, full = {}, {}
for i = 3, #ARGV, 3 do
  local session, since, user = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local known = redis.call('HGET', users, user)
  if not known and capacity > 0 and count >= capacity then
    full[#full + 1] = (i - 3) / 3
  elseif redis.call('HSET', members, session, since .. '\n' .. user) == 1 then
    if known then
      local sessions, first = string.match(known, '^(%d+) (%d+)$')
      if tonumber(since) < tonumber(first) then first = since end
      redis.call('HSET', users, user, string.format('%d %s', sessions + 1, first))
    else
      redis.call('HSET', users, user, '1 ' .. since)
      new[#new + 1] = user
      count = count + 1
    end
  end
end
local known = redis.call('HMGET', state, 'last', 'gen', 'users')
local last = tonumber(known[1] or '0')
local here = redis.call('HLEN', members)
if here == 0 then return {last, 0, 0, 0, 0, 0, new, full} end
local generation = tonumber(known[2] or '0')
local others = redis.call('HLEN', gateways)
if others == 0 then
  generation = math.max(generation + 1, now)
  redis.call('HSET', state, 'gen', string.format('%.0f', generation))
  redis.call('PERSIST', state)
  redis.call('PERSIST', recent)
end
if redis.call('HSET', gateways, ARGV[1], here) == 0 then others = others - 1 end
local prev = tonumber(known[3] or '0')
local version = math.max(prev + 1, now)
if #new > 0 then
  redis.call('HSET', state, 'users', string.format('%.0f', version + #new - 1))
end
return {last, generation, others > 0 and 1 or 0, count, prev, version, new, full}
)lua";

// KEYS state, recent, gateways, members of the registration, users
// ARGV registration, recent ttl ms, registration of the caller, then the sessions; none = all that
//      the registration has
// Answers {the generation that has ended or 0 while somebody is in the room, 1 if another
// registration than the caller's has members, number of users, version before the first change,
// version of the first, list of the users who are gone}.
// It frees memory in the end, so a server that has none left must not refuse it.
constexpr std::string_view kLeave = R"lua(#!lua flags=allow-oom
local state, recent, gateways, members, users = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
if redis.call('EXISTS', gateways) == 0 then return {0, 0, 0, 0, 0, {}} end
local gone = {}
local function take(value)
  local user = value and string.match(value, '^%d+\n(.*)$')
  local known = user and redis.call('HGET', users, user)
  if not known then return end
  local sessions, first = string.match(known, '^(%d+) (%d+)$')
  if tonumber(sessions) > 1 then
    redis.call('HSET', users, user, string.format('%d %s', sessions - 1, first))
  else
    redis.call('HDEL', users, user)
    gone[#gone + 1] = user
  end
end
if #ARGV == 3 then
  for _, value in ipairs(redis.call('HVALS', members)) do take(value) end
  redis.call('UNLINK', members)
else
  for i = 4, #ARGV do
    take(redis.call('HGET', members, ARGV[i]))
    redis.call('HDEL', members, ARGV[i])
  end
end
local prev, version = 0, 0
if #gone > 0 then
  prev = tonumber(redis.call('HGET', state, 'users') or '0')
  local time = redis.call('TIME')
  version = math.max(prev + 1, time[1] * 1000000 + time[2])
  redis.call('HSET', state, 'users', string.format('%.0f', version + #gone - 1))
end
local ended = 0
local left = redis.call('HLEN', members)
if left > 0 then
  redis.call('HSET', gateways, ARGV[1], left)
else
  redis.call('HDEL', gateways, ARGV[1])
  if redis.call('EXISTS', gateways) == 0 then
    ended = tonumber(redis.call('HGET', state, 'gen') or '0')
    redis.call('UNLINK', users)
    redis.call('PEXPIRE', state, ARGV[2])
    redis.call('PEXPIRE', recent, ARGV[2])
  end
end
local others = redis.call('HLEN', gateways) - redis.call('HEXISTS', gateways, ARGV[3])
return {ended, others > 0 and 1 or 0, redis.call('HLEN', users), prev, version, gone}
)lua";

// KEYS state, users
// ARGV the most users that are listed
// Answers {version, number of users, {user, "<sessions> <since>", ...}}.
constexpr std::string_view kUsers = R"lua(
local count = redis.call('HLEN', KEYS[2])
local listed = count <= tonumber(ARGV[1]) and redis.call('HGETALL', KEYS[2]) or {}
return {tonumber(redis.call('HGET', KEYS[1], 'users') or '0'), count, listed}
)lua";

// KEYS leases, epoch
// ARGV registration, ttl ms, 'new' or 'renew'
// A server with another run id, or without the epoch key, has just come back: every lease is good
// for another ttl then, so that gateways can return before they are taken for dead. Answers {1 if
// the lease holds, age of the epoch in ms, list of dead registrations}.
constexpr std::string_view kLease = R"lua(
local leases, epoch = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local till = string.format('%.0f', now + tonumber(ARGV[2]))
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
local known, since = string.match(redis.call('GET', epoch) or '', '^(%S+) (%d+)$')
if known ~= run then
  since = string.format('%.0f', now)
  redis.call('SET', epoch, run .. ' ' .. since)
  for _, one in ipairs(redis.call('ZRANGEBYSCORE', leases, '(0', '+inf')) do
    redis.call('ZADD', leases, till, one)
  end
end
local holds = 1
if ARGV[3] == 'renew' then
  local ends = redis.call('ZSCORE', leases, ARGV[1])
  if not ends or tonumber(ends) <= now then holds = 0 end
end
if holds == 1 then redis.call('ZADD', leases, till, ARGV[1]) end
local dead = redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now))
return {holds, now - tonumber(since), dead}
)lua";

// KEYS leases, rooms of the registration, user queues of the registration
// ARGV registration
// Forgets a dead registration when nothing is left of it.
constexpr std::string_view kRetire = R"lua(
if redis.call('SCARD', KEYS[2]) + redis.call('SCARD', KEYS[3]) > 0 then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
)lua";

// KEYS gateways
// ARGV key of the members without the registration
// Answers {registration, {session, value, ...}, registration, ...}.
constexpr std::string_view kMembers = R"lua(
local out = {}
for _, registration in ipairs(redis.call('HKEYS', KEYS[1])) do
  out[#out + 1] = registration
  out[#out + 1] = redis.call('HGETALL', ARGV[1] .. registration)
end
return out
)lua";

// KEYS leases
// Answers the registrations whose lease holds.
constexpr std::string_view kLive = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf')
)lua";

// KEYS revocations
// ARGV what is revoked, ttl ms
// Revokes as of now and forgets what is too old.
constexpr std::string_view kRevoke = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local old = string.format('(%.0f', now - tonumber(ARGV[2]))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', old)
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return now
)lua";

struct Source {
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Source, kScripts.size()> kSources{{{"sequence", kSequence},
                                                        {"enter", kEnter},
                                                        {"leave", kLeave},
                                                        {"users", kUsers},
                                                        {"lease", kLease},
                                                        {"retire", kRetire},
                                                        {"members", kMembers},
                                                        {"live", kLive},
                                                        {"revoke", kRevoke}}};

}  // namespace

std::string_view name_of(Script script) noexcept {
  return kSources[static_cast<std::size_t>(script)].name;
}

std::string_view source_of(Script script) noexcept {
  return kSources[static_cast<std::size_t>(script)].text;
}

}  // namespace stampede::redis
