// The official MCP memory server reads our file, says what is in it, and writes it anew.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const file = `${process.env.WORK}/memory.jsonl`;
const lines = readFileSync(file, "utf8").split("\n").map((line) => JSON.parse(line));
const without = ({ type, ...rest }) => rest;
const ours = {
  entities: lines.filter((line) => line.type === "entity").map(without),
  relations: lines.filter((line) => line.type === "relation").map(without),
};
assert.equal(ours.entities.length, 4);
assert.equal(ours.relations.length, 1);

const name = "@modelcontextprotocol/server-memory";
const folder = new URL(`node_modules/${name}/`, import.meta.url);
const { version, bin } = createRequire(import.meta.url)(`./node_modules/${name}/package.json`);
const program = new URL(Object.values(bin)[0], folder).pathname;
const client = new Client({ name: "interop", version: "1" });
await client.connect(
  new StdioClientTransport({
    command: process.execPath,
    args: [program],
    env: { ...process.env, MEMORY_FILE_PATH: file },
    stderr: "ignore",
  }),
);
const call = async (tool, args) => JSON.parse((await client.callTool({ name: tool, arguments: args })).content[0].text);
assert.deepEqual(await call("read_graph", {}), ours);
await call("add_observations", { observations: [{ entityName: "Ana", contents: ["Ana drinks tea"] }] });
await client.close();
console.log(`ok  the MCP memory server ${version} reads what we write`);
