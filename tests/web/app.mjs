// What people do in the web app and what they then see. tests/web/run starts the server and this.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import bundled from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const URL = process.env.OMP_URL;
const KEY = process.env.OMP_API_KEY;
let browser, context, page;

async function api(method, path, body, key = KEY) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const answer = await fetch(URL + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}

const remember = (content, more) => api("POST", "/v1/memories", { content, type: "semantic", source: { tool: "test" }, ...more });
const focused = () => page.evaluate(() => document.activeElement.className || document.activeElement.type || document.activeElement.tagName);
const editing = () => page.evaluate(() => document.getElementById("editor").open);
const cards = () => page.locator("#memories .card:not(.skeleton)").count();

async function open(key = KEY) {
  await context.addInitScript((key) => localStorage.setItem("open-memory.api-key", key), key);
  await page.goto(`${URL}/app`);
  await page.waitForSelector("#memories .card:not(.skeleton)");
}

/** Waits until the page agrees. */
const until = (check, argument) => page.waitForFunction(check, argument);
const says = (place, text) => until(([place, text]) => [...document.querySelectorAll(place)].some((p) => p.textContent.includes(text)), [place, text]);

before(async () => {
  const own = process.env.OMP_CHROMIUM;
  browser = await chromium.launch({ executablePath: own ?? (await bundled.executablePath()), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  await remember("The red kite nests in the old oak", { tags: ["birds"] });
  for (let n = 0; n < 30; n++) await remember(`Fact ${n} about the garden and its tools`);
});
after(() => browser.close());
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
});
afterEach(() => context.close());

test("what a search finds begins on the screen, also when it was begun further down", async () => {
  await open();
  await page.evaluate(() => scrollTo(0, 1500));
  await page.evaluate(() => document.getElementById("q").focus({ preventScroll: true }));
  await page.keyboard.type("garden tools");
  await says("#memories-title", "Found");
  await until(() => document.querySelector("#memories .card").getBoundingClientRect().top >= 0);
});

test("Escape throws away no field of the editor", async () => {
  await open();
  for (const [field, value] of [["tags", "kept"], ["namespace", "kept"], ["content", "kept"]]) {
    await page.click("#memories .edit >> nth=0");
    await page.fill(`#${field}`, value);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape"); // browsers let a page stop the first only
    assert.ok(await editing(), field);
    await page.click("#editor [data-close]");
  }
  await page.click("#memories .edit >> nth=0");
  await page.selectOption("#type", "episodic");
  await page.keyboard.press("Escape");
  assert.ok(await editing(), "type");
  await page.click("#editor [data-close]");
  await page.click("#memories .edit >> nth=0");
  await page.keyboard.press("Escape");
  assert.ok(!(await editing()), "nothing was changed");
});

test("an action that fails leaves the focus where it was, and Escape goes on working", async () => {
  const { secret } = await api("POST", "/v1/keys", { name: "reader", scopes: ["read"] });
  await open(secret);
  await page.focus("#memories .delete >> nth=0");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".confirm:not([hidden]) .problem:not([hidden])");
  assert.match(await focused(), /really/);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".confirm:visible").count(), 0);
  await page.click("#add");
  await page.fill("#content", "not allowed");
  await page.focus("#editor [type=submit]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#editor .problem:not([hidden])");
  assert.equal(await page.evaluate(() => document.activeElement.type), "submit");
  await page.click("#editor [data-close]");
  await context.setOffline(true);
  await page.focus("#more");
  await page.keyboard.press("Enter");
  await says("#memories-error", "cannot be reached");
  assert.equal(await page.evaluate(() => document.activeElement.id), "more");
});

test("a new key takes away what was said of the old one", async () => {
  const { key, secret } = await api("POST", "/v1/keys", { name: "short", scopes: ["read", "write"] });
  await open(secret);
  await page.click("#add");
  await page.fill("#content", "written before the key was revoked");
  await api("DELETE", `/v1/keys/${key.id}`);
  await page.click("#editor [type=submit]");
  await page.waitForSelector("#settings[open]");
  await page.fill("#key", KEY);
  await page.keyboard.press("Enter");
  await until(() => !document.getElementById("settings").open);
  assert.ok(await editing());
  assert.equal(await page.locator("#editor .problem:visible").count(), 0);
});

test("a memory that another client has deleted leaves the list", async () => {
  const { id } = await remember("Deleted elsewhere");
  await open();
  await api("DELETE", `/v1/memories/${id}`);
  await page.click("#memories .delete >> nth=0");
  await page.click(".really:visible");
  await says("#notice", "deleted");
  assert.equal(await page.getByText("Deleted elsewhere").count(), 0);
});

test("what is on the screen stays when a refresh fails, but answers no other question", async () => {
  await open();
  const shown = await cards();
  await context.setOffline(true);
  await page.click("#refresh");
  await says("#memories-error", "cannot be reached");
  assert.equal(await cards(), shown);
  await page.fill("#q", "oak");
  await until(() => !document.querySelector("#memories .card"));
});

test("the header counts what this key sees", async () => {
  await api("POST", "/v1/users", { name: "dora" });
  const { secret } = await api("POST", "/v1/keys", { name: "hers", user: "dora" });
  await api("POST", "/v1/memories", { content: "Dora's only one", type: "semantic", source: { tool: "test" } }, secret);
  await open(secret);
  await says("#server", "1 memory ·");
});

test("the address with a slash leads to the app", async () => {
  await page.goto(`${URL}/app/`);
  assert.equal(page.url(), `${URL}/app`);
});
