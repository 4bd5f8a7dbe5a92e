-- Sends the requests of a file in turn, over and over:  wrk … -s rotate.lua URL -- FILE
-- A line of the file is `METHOD PATH` or `METHOD PATH BODY`. The figures go to the last line of the output, as JSON.

local prepared = {}
local sent = 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    local headers = {}
    if body == "" then
      body = nil
    else
      headers["Content-Type"] = "application/json"
    end
    prepared[#prepared + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  sent = sent % #prepared + 1
  return prepared[sent]
end

-- Times are microseconds.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"us":%d,"p50":%d,"p99":%d,"max":%d,"bad_status":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
