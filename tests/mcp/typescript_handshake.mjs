// The TypeScript SDK of the versions with a handshake, in each of them, over both transports.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { readFileSync } from 'node:fs';
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

for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
  for (const [kind, open] of Object.entries(transports)) {
    const transport = open();
    // The SDK asks for the newest version that it speaks; an older client would ask for this one.
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      if (message.method === 'initialize') message.params.protocolVersion = version;
      return send(message, options);
    };
    const client = new Client({ name: 'Official Client', version: '1' });
    await client.connect(transport);
    const tools = await use(client, `TypeScript SDK ${version} ${kind}`);
    assert.deepEqual({ tools }, committed, 'tools/list differs from docs/mcp-tools.json');

    const told = new Promise((resolve) =>
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, (update) => resolve(update.params.uri)),
    );
    await client.subscribeResource({ uri: 'omp://memories/context' });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const stored = await client.callTool({ name: 'omp_remember', arguments: { content: `Changed in ${version} ${kind}` } });
    assert.equal(await told, 'omp://memories/context');
    await client.callTool({ name: 'omp_forget', arguments: { id: stored.structuredContent.id } });
    await client.close();
  }
}
