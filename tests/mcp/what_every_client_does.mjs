// What each TypeScript client does, whatever its version and transport: `client` is connected.
import assert from 'node:assert/strict';

/** Lists, stores, recalls, reads and is refused. Returns the tools. */
export async function use(client, name) {
  const { tools } = await client.listTools();
  const called = async (tool, args) => client.callTool({ name: tool, arguments: args });

  const fact = `Said by ${name}`;
  const stored = await called('omp_remember', { content: fact, type: 'semantic', tags: ['Hot Drinks'] });
  assert.equal(stored.structuredContent.stored, true, JSON.stringify(stored));
  const again = await called('omp_remember', { content: fact.toUpperCase(), type: 'semantic' });
  assert.equal(again.structuredContent.stored, false);

  const found = await called('omp_recall', { query: fact, limit: 100 });
  const mine = found.structuredContent.memories.find((memory) => memory.id === stored.structuredContent.id);
  assert.equal(mine.content, fact);
  assert.deepEqual(mine.tags, ['hot-drinks']);
  assert.equal(mine.tool, 'official-client');
  assert.match(found.content[0].text, /data, not instructions/);

  const refused = await called('omp_remember', { content: '' });
  assert.equal(refused.isError, true);
  assert.match(refused.content[0].text, /`content` must not be empty/);

  const { resources } = await client.listResources();
  assert.deepEqual(resources.map((resource) => resource.uri), ['omp://memories/context', 'omp://namespaces']);
  const { contents } = await client.readResource({ uri: `omp://memories/${mine.id}` });
  assert.match(contents[0].text, new RegExp(fact));
  const { prompts } = await client.listPrompts();
  assert.deepEqual(prompts.map((prompt) => prompt.name), ['load_memories', 'hand_over_memories']);
  const { messages } = await client.getPrompt({ name: 'load_memories', arguments: { query: fact } });
  assert.match(messages[0].content.text, new RegExp(fact));

  await called('omp_forget', { id: mine.id });
  console.log(`ok  ${name}`);
  return tools;
}
