// The TypeScript client of the version without a handshake, over both transports.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { use } from './what_every_client_does.mjs';

const { OMP, OMP_URL, OMP_API_KEY, OMP_DB_PATH, OMP_TOOLS } = process.env;
const committed = JSON.parse(readFileSync(OMP_TOOLS));
const transports = {
  stdio: () => new StdioClientTransport({ command: OMP, args: ['mcp'], env: { OMP_DB_PATH } }),
  http: () =>
    new StreamableHTTPClientTransport(new URL(`${OMP_URL}/mcp`), {
      requestInit: { headers: { Authorization: `Bearer ${OMP_API_KEY}` } },
    }),
};

for (const [kind, open] of Object.entries(transports)) {
  const client = new Client({ name: 'Official Client', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(open());
  assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');
  const tools = await use(client, `TypeScript client 2026-07-28 ${kind}`);
  assert.deepEqual({ tools }, committed, 'tools/list differs from docs/mcp-tools.json');
  await client.close();
}
