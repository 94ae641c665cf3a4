-- For wrk: pushes manifests, each another one, to a hundred tags. CONFIG, a blob that is there, is "sha256:... LENGTH".
local digest, size = os.getenv("CONFIG"):match("(%S+) (%d+)")
local part = '{"mediaType":"application/octet-stream","digest":"' .. digest .. '","size":' .. size .. "}"
local head = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":' .. part
  .. ',"layers":[' .. part .. '],"annotations":{"number":"'
local headers = {["Content-Type"] = "application/vnd.oci.image.manifest.v1+json"}
local count = 0

function request()
  count = count + 1
  return wrk.format("PUT", "/v2/bench/put/manifests/tag-" .. count % 100, headers, head .. count .. '"}}')
end

function done(summary)
  io.write(string.format("answered %d refused %d in %d\n", summary.requests, summary.errors.status, summary.duration))
end
