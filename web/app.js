// The Open Memory web app: reads, searches, adds, edits and deletes memories over the public API of its own server.
// Whatever comes from the server goes into the page as text (textContent), never as markup.

const PAGE = 20;
const MOST_FOUND = 100; // the most that one search may ask for
const LONGEST_CONTENT = 10_000;
const SEARCH_DELAY = 250; // ms
const KEY_NAME = "open-memory.api-key";
const KINDS = { semantic: "Fact", episodic: "Event", procedural: "How-to" };
const NAMES = { claude: "Claude", chatgpt: "ChatGPT", gemini: "Gemini", perplexity: "Perplexity" };

const $ = (id) => document.getElementById(id);

/** What the page shows. `run` numbers the loads, so that a late answer of an earlier one is dropped. */
const shown = { memories: [], total: 0, asked: null, query: "", filter: null, limit: PAGE, run: 0 };
let edited = null; // the memory in the editor; null for a new one
let unchanged = ""; // the editor's fields as it opened
let handed = null; // the conversation in the hand-off dialog

// ---- The API key ----

let keyInMemory = "";

function readKey() {
  try {
    return localStorage.getItem(KEY_NAME) ?? keyInMemory;
  } catch {
    return keyInMemory; // storage is blocked: the key lasts until the page closes
  }
}

function writeKey(key) {
  keyInMemory = key;
  try {
    if (key) localStorage.setItem(KEY_NAME, key);
    else localStorage.removeItem(KEY_NAME);
  } catch { /* see readKey */ }
}

function openSettings(why = "") {
  const has = readKey() !== "";
  say($("settings-why"), why);
  $("settings-state").textContent = has
    ? "A key is kept in this browser. A new one replaces it."
    : "No key is kept in this browser. A server that only this machine can reach needs none.";
  $("forget").hidden = !has;
  $("key").value = "";
  openDialog($("settings"));
  $("key").focus();
}

function saveKey() {
  const key = $("key").value.trim();
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error("A key has letters, digits and signs, without blanks.");
  writeKey(key);
  $("settings").close();
  // What failed for want of this key may succeed now.
  document.querySelectorAll(".problem").forEach((place) => say(place, ""));
  refresh();
}

function forgetKey() {
  writeKey("");
  $("settings").close();
  announce("The key is forgotten.");
  refresh();
}

// ---- Requests ----

async function request(method, path, body) {
  const headers = {};
  const key = readKey();
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Error("The server cannot be reached. Check that it runs and that this device is connected.");
  }
  const text = await response.text().catch(() => "");
  const answer = parse(text);
  if (response.ok) {
    if (text && !answer) throw new Error("The server sent something that this page does not understand.");
    return answer;
  }
  if (response.status === 401) throw askForKey(key);
  throw failure(answer?.message || `The server answered with an error (${response.status}).`, response.status);
}

function failure(text, status) {
  return Object.assign(new Error(text), { status });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function askForKey(used) {
  const why = used ? "The server does not accept the key." : "This server needs its API key.";
  // A second request of the same load may come back after the person has typed already.
  if (!$("settings").open) openSettings(why);
  return failure(why, 401);
}

// ---- Small tools for the page ----

/** Shows a sentence, or hides its place. */
function say(place, text) {
  place.textContent = text;
  place.hidden = text === "";
}

let noticeTimer;

function announce(text) {
  clearTimeout(noticeTimer);
  $("notice").textContent = text;
  noticeTimer = setTimeout(() => { $("notice").textContent = ""; }, Math.max(4000, text.length * 80));
}

function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
}

/** Whether what the button began still runs. */
function isBusy(button) {
  return button.getAttribute("aria-disabled") === "true";
}

/**
 * Runs `work`, once at a time; an error becomes a sentence at `problem`. The button only looks off meanwhile: one that is
 * disabled loses the focus, and with it what Escape and Tab do.
 */
async function attempt(button, problem, work) {
  if (isBusy(button)) return;
  say(problem, "");
  button.setAttribute("aria-disabled", "true");
  try {
    await work();
  } catch (error) {
    say(problem, error.message);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/** A dialog whose form runs `submit`. */
function setUpDialog(dialog, submit = async () => dialog.close()) {
  const form = dialog.querySelector("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    if (button) attempt(button, form.querySelector(".problem:not([id])"), async () => submit());
  });
  form.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => form.querySelectorAll(".problem").forEach((place) => say(place, "")));
}

function plural(count, one, many) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** "2 hours ago" within a week, then the date. */
function timeElement(text) {
  const element = document.createElement("time");
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return element;
  element.dateTime = text;
  element.title = date.toLocaleString();
  element.textContent = ago(date);
  return element;
}

function ago(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (Math.abs(seconds) < 60) return "just now";
  if (Math.abs(seconds) < 3600) return format.format(Math.trunc(seconds / 60), "minute");
  if (Math.abs(seconds) < 86_400) return format.format(Math.trunc(seconds / 3600), "hour");
  if (Math.abs(seconds) < 7 * 86_400) return format.format(Math.trunc(seconds / 86_400), "day");
  return date.toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}

function toolName(tool) {
  return NAMES[tool.toLowerCase()] ?? tool;
}

/** Copies, also where the clipboard API is missing (http on a home network); else lets the person copy. */
async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    return done();
  } catch { /* not offered or not allowed */ }
  const field = $("copy-text");
  field.value = text;
  openDialog($("copy-by-hand"));
  field.focus();
  field.setSelectionRange(0, text.length);
  field.scrollTop = 0;
  let copied = false;
  try {
    copied = document.execCommand("copy");
  } catch { /* stays false */ }
  if (!copied) return;
  $("copy-by-hand").close();
  done();
}

// ---- The server's state ----

async function loadHealth() {
  const place = $("server");
  try {
    const [health, count] = await Promise.all([request("GET", "/v1/health"), countMemories()]);
    const running = health.status === "ok" ? [] : [health.status];
    place.textContent = [...count, ...running, `v${health.server_version}`].join(" · ");
    place.title = `${health.compliance}, protocol ${health.version}`;
    place.dataset.state = health.status === "ok" ? "ok" : "trouble";
  } catch {
    place.textContent = "The server is not available";
    place.removeAttribute("title");
    place.dataset.state = "trouble";
  }
}

/** How many memories this key sees. Without a right key nothing is said, where the health check would say 0. */
async function countMemories() {
  try {
    const { memories } = await request("GET", "/v1/stats");
    return [plural(memories, "memory", "memories")];
  } catch {
    return []; // the list says why
  }
}

// ---- The list of memories ----

function fetchMemories(offset) {
  const { query, filter, limit } = shown;
  if (query) return request("POST", "/v1/memories/search", { q: query, limit, ...filter });
  const page = new URLSearchParams({ limit: PAGE, offset, ...filter });
  return request("GET", `/v1/memories?${page}`);
}

/** Loads the first page, or one more. A search has no pages: it is asked again for more. */
async function loadMemories(more = false) {
  const run = ++shown.run;
  const before = shown.memories.length;
  const append = more && !shown.query;
  const asked = question();
  shown.limit = more && shown.query ? Math.min(before + PAGE, MOST_FOUND) : PAGE;
  markLoading(true, more);
  try {
    const page = await fetchMemories(append ? before : 0);
    if (run !== shown.run) return;
    const known = new Set(append ? shown.memories.map((memory) => memory.id) : []);
    const fresh = page.memories.filter((memory) => !known.has(memory.id));
    shown.memories = append ? [...shown.memories, ...fresh] : fresh;
    shown.asked = asked;
    shown.total = page.memories.length ? page.total : shown.memories.length;
    const cards = fresh.map(memoryCard);
    if (append) $("memories").append(...cards);
    else $("memories").replaceChildren(...cards);
    showListState(page.degraded?.reason);
    if (more) $("memories").children[before]?.focus();
  } catch (error) {
    if (run !== shown.run) return;
    if (asked !== shown.asked || error.status === 401) clearList();
    else if (!more) announce(error.message); // the place below may be far from what is on the screen
    say($("memories-error"), error.message);
  } finally {
    if (run === shown.run) {
      markLoading(false, more);
      if (more && document.activeElement === document.body) $("more").focus();
    }
  }
}

function markLoading(loading, more) {
  const list = $("memories");
  list.setAttribute("aria-busy", String(loading));
  $("more").disabled = loading;
  $("more").textContent = loading && more ? "Loading…" : "More";
  if (!loading) return;
  say($("memories-error"), "");
  showScope();
  const nothing = !list.children.length && $("memories-empty").hidden;
  if (!nothing) return;
  list.replaceChildren($("loading-cards").content.cloneNode(true));
  $("found").textContent = "Loading…";
}

/** What the list answers: while it is the same, a failed load leaves what is shown. */
function question() {
  return JSON.stringify([shown.query, shown.filter, readKey()]);
}

function clearList() {
  Object.assign(shown, { memories: [], total: 0, asked: null });
  $("memories").replaceChildren();
  $("memories-empty").hidden = true;
  $("found").textContent = "";
  $("more").hidden = true;
  $("copy-context").disabled = true;
}

/** Whether these are all memories, a search or a filter. */
function showScope() {
  const { query, filter } = shown;
  $("memories-title").textContent = query ? "Found" : "Memories";
  const text = filter?.tags ? `Only with the tag “${filter.tags[0]}”` : `Only in “${filter?.namespace}”`;
  $("filter-text").textContent = filter ? text : "";
  $("filter").hidden = !filter;
}

/** What else is around the cards: the figures, the empty state, "More". */
function showListState(degraded) {
  const { memories, total, query } = shown;
  const count = memories.length;
  $("found").textContent = count ? foundText() + (degraded ? ` Note: ${degraded}.` : "") : "";
  $("copy-context").disabled = count === 0;
  $("more").hidden = count >= total || (query !== "" && count >= MOST_FOUND);
  say($("memories-empty"), count ? "" : emptyText());
}

function foundText() {
  const { memories, total, query } = shown;
  const shownText = memories.length < total ? `Showing ${memories.length} of ${total.toLocaleString()}.` : "";
  return query ? shownText || `${plural(total, "memory matches", "memories match")}.` : shownText;
}

function emptyText() {
  if (shown.query) return "Nothing matches. Try fewer or other words.";
  if (shown.filter) return "No memory is left here.";
  return "Nothing is remembered yet. Add the first memory, or connect an AI tool to this server.";
}

function memoryCard(memory) {
  const card = $("memory-card").content.firstElementChild.cloneNode(true);
  const part = (name) => card.querySelector(`.${name}`);
  part("content").textContent = memory.content;
  if (memory.content.length > 420 || memory.content.split("\n").length > 8) makeExpandable(part("content"), part("expand"));
  part("labels").append(...labels(memory));
  const meta = [toolName(memory.source.tool), " · ", timeElement(memory.created_at)];
  if (memory.expires_at) meta.push(` · until ${new Date(memory.expires_at).toLocaleDateString("en", { dateStyle: "medium" })}`);
  part("meta").append(...meta);
  const start = memory.content.slice(0, 60);
  part("edit").setAttribute("aria-label", `Edit: ${start}`);
  part("delete").setAttribute("aria-label", `Delete: ${start}`);
  part("edit").addEventListener("click", () => openEditor(memory));
  setUpDelete(card, memory);
  return card;
}

function makeExpandable(content, button) {
  content.classList.add("cut");
  button.hidden = false;
  button.addEventListener("click", () => {
    const cut = content.classList.toggle("cut");
    button.textContent = cut ? "Show all" : "Show less";
    button.setAttribute("aria-expanded", String(!cut));
  });
}

/** The kind as a word, then the namespace and the tags as buttons that filter. */
function labels(memory) {
  const kind = document.createElement("span");
  kind.className = "kind";
  kind.textContent = KINDS[memory.type] ?? memory.type;
  const space = memory.namespace ? [label(memory.namespace, { namespace: memory.namespace })] : [];
  return [kind, ...space, ...memory.tags.map((tag) => label(`#${tag}`, { tags: [tag] }))];
}

function label(text, filter) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "label";
  button.textContent = text;
  button.title = "Show only these";
  button.addEventListener("click", () => showOnly(filter));
  return button;
}

function showOnly(filter) {
  shown.filter = filter;
  loadMemories();
  $("memories-title").focus();
}

function setUpDelete(card, memory) {
  const part = (name) => card.querySelector(`.${name}`);
  const ask = (asking) => {
    if (isBusy(part("really"))) return;
    say(part("problem"), "");
    part("confirm").hidden = !asking;
    part("foot").hidden = asking;
    part(asking ? "keep" : "delete").focus();
  };
  part("delete").addEventListener("click", () => ask(true));
  part("keep").addEventListener("click", () => ask(false));
  part("confirm").addEventListener("keydown", (event) => event.key === "Escape" && ask(false));
  part("really").addEventListener("click", () => attempt(part("really"), part("problem"), () => remove(card, memory)));
}

async function remove(card, memory) {
  try {
    await request("DELETE", `/v1/memories/${encodeURIComponent(memory.id)}`);
  } catch (error) {
    if (error.status !== 404) throw error; // deleted elsewhere meanwhile: nothing is left to do
  }
  const next = card.nextElementSibling ?? card.previousElementSibling ?? $("memories-title");
  card.remove();
  shown.memories = shown.memories.filter(({ id }) => id !== memory.id);
  shown.total -= 1;
  announce("The memory is deleted.");
  loadHealth();
  if (shown.memories.length || shown.total <= 0) showListState();
  else loadMemories();
  next.focus();
}

function contextText() {
  const lines = shown.memories.map(({ content }) => `- ${content.trim().replaceAll("\n", "\n  ")}`);
  return `What you should know about me:\n${lines.join("\n")}\n`;
}

// ---- The editor ----

function openEditor(memory) {
  edited = memory;
  $("editor-title").textContent = memory ? "Edit this memory" : "Add a memory";
  $("content").value = memory?.content ?? "";
  $("type").value = memory?.type ?? "semantic";
  $("tags").value = memory?.tags.join(", ") ?? "";
  $("namespace").value = memory?.namespace ?? shown.filter?.namespace ?? "";
  unchanged = fields();
  openDialog($("editor"));
  $("content").focus();
}

/** A tag or namespace as the server takes it: lower case, `-` for blanks. */
function word(text, most) {
  if (/^[a-z0-9_:-]+$/.test(text) && text.length <= most) return text;
  const plain = text.toLowerCase().replace(/[\s/.\\]+/g, "-").replace(/[^a-z0-9_:-]/g, "").replace(/-+/g, "-");
  const cut = plain.slice(0, most).replace(/^-+|-+$/g, "");
  if (!cut) throw new Error(`“${text}” cannot be used: it has no letter from a to z and no digit.`);
  return cut;
}

function readEditor() {
  const content = $("content").value;
  const length = [...content].length;
  if (!content.trim()) throw new Error("Write what should be remembered.");
  if (length > LONGEST_CONTENT) {
    throw new Error(`A memory has at most ${LONGEST_CONTENT.toLocaleString()} characters; this has ${length.toLocaleString()}.`);
  }
  const tags = $("tags").value.split(",").map((tag) => tag.trim().replace(/^#/, "")).filter(Boolean);
  const namespace = $("namespace").value.trim();
  return {
    content,
    type: $("type").value,
    tags: [...new Set(tags.map((tag) => word(tag, 50)))],
    namespace: namespace ? word(namespace, 100) : null,
  };
}

function fields() {
  return JSON.stringify(["content", "type", "tags", "namespace"].map((id) => $(id).value));
}

/** The Escape key or the phone's "back" must not throw away what was written. */
function keepDraft(event) {
  if (fields() === unchanged) return;
  event.preventDefault();
  say($("editor").querySelector(".problem"), "This is not saved yet. Save it, or throw it away with “Cancel”.");
}

/** Only what differs: another tool may have changed the rest meanwhile. */
function changes(memory, now) {
  const differs = ([name, value]) => JSON.stringify(value) !== JSON.stringify(memory[name]);
  return Object.fromEntries(Object.entries(now).filter(differs));
}

async function saveMemory() {
  const memory = readEditor();
  if (edited) await updateMemory(edited, memory);
  else await createMemory(memory);
}

async function createMemory(memory) {
  await request("POST", "/v1/memories", { ...memory, source: { tool: "web" } });
  $("editor").close();
  announce("The memory is saved.");
  Object.assign(shown, { query: "", filter: null });
  $("q").value = "";
  loadHealth();
  loadMemories();
  scrollTo(0, 0); // to the new one
}

async function updateMemory(old, memory) {
  const place = shown.memories.indexOf(old);
  const patch = changes(old, memory);
  if (!Object.keys(patch).length) return $("editor").close();
  const changed = await request("PUT", `/v1/memories/${encodeURIComponent(old.id)}`, patch);
  $("editor").close();
  announce("The memory is changed.");
  if (shown.memories[place] !== old) return loadMemories();
  shown.memories[place] = changed;
  const card = memoryCard(changed);
  $("memories").children[place].replaceWith(card);
  card.querySelector(".edit").focus();
}

// ---- Conversations ----

let conversationsAsked = null; // what they answer, as `shown.asked`

async function loadConversations() {
  const query = shown.query;
  const asked = JSON.stringify([query, readKey()]);
  const path = query ? `/v1/conversations/search?limit=10&q=${encodeURIComponent(query)}` : "/v1/conversations?limit=10";
  try {
    const { conversations } = await request("GET", path);
    if (query !== shown.query) return; // something else is looked for meanwhile
    $("conversations-title").textContent = query ? "Conversations found" : "Recent conversations";
    $("conversations").replaceChildren(...conversations.map(conversationCard));
    conversationsAsked = asked;
    $("conversations-empty").textContent = query ? "No conversation is about that." : "No conversation is saved yet.";
    $("conversations-empty").hidden = conversations.length > 0;
    say($("conversations-error"), "");
  } catch (error) {
    if (query !== shown.query) return;
    if (asked !== conversationsAsked || error.status === 401) {
      $("conversations").replaceChildren();
      $("conversations-empty").hidden = true;
    }
    say($("conversations-error"), error.message);
  }
}

function conversationCard(conversation) {
  const card = $("conversation-card").content.firstElementChild.cloneNode(true);
  card.querySelector(".topic").textContent = conversation.topic || "Without a topic";
  for (const turn of conversation.matches || []) {
    const said = document.createElement("li");
    said.dir = "auto";
    said.textContent = turn.snippet;
    card.querySelector(".said").append(said);
  }
  const about = `${toolName(conversation.model)} · ${plural(conversation.message_count, "message", "messages")} · `;
  card.querySelector(".meta").append(about, timeElement(conversation.created_at));
  card.querySelector("button").setAttribute("aria-label", `Hand off: ${conversation.topic || about}`);
  card.querySelector("button").addEventListener("click", () => openHandoff(conversation));
  return card;
}

function openHandoff(conversation) {
  handed = conversation;
  $("handoff-topic").textContent = conversation.topic || "Without a topic";
  showBrief("");
  openDialog($("handoff"));
}

function chosenTarget() {
  return document.querySelector("#handoff input[name=target]:checked").value;
}

/** Another choice makes the text that was written for the last one wrong. */
function targetChanged() {
  const other = chosenTarget() === "other";
  $("other-field").hidden = !other;
  $("other-name").required = other;
  showBrief("");
}

function showBrief(brief) {
  $("brief").value = brief;
  $("brief-field").hidden = brief === "";
  $("copy-brief").hidden = brief === "";
  $("write-brief").hidden = brief !== "";
  $("handoff").querySelector(".done").textContent = "";
}

async function writeBrief() {
  const choice = chosenTarget();
  const target = choice === "other" ? $("other-name").value.trim() : choice;
  if (!target) throw new Error("Write the name of the other tool.");
  const conversation = handed;
  const answer = await request("POST", "/v1/handoff", { conversation_id: conversation.id, target_model: target });
  if (handed !== conversation || chosenTarget() !== choice) return;
  showBrief(answer.brief);
  $("copy-brief").focus();
}

function copyBrief() {
  copy($("brief").value, () => { $("handoff").querySelector(".done").textContent = "The text is copied."; });
}

// ---- Start ----

function refresh() {
  loadHealth();
  loadMemories();
  loadConversations();
}

function searchNow() {
  clearTimeout(searchTimer);
  const query = $("q").value.trim();
  if (query === shown.query) return;
  shown.query = query;
  scrollTo(0, 0); // the best come first
  loadMemories();
  loadConversations();
}

let searchTimer;

function setUpSearch() {
  $("q").addEventListener("input", () => {
    clearTimeout(searchTimer);
    searchTimer = setTimeout(searchNow, SEARCH_DELAY);
  });
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    searchNow();
    $("q").blur(); // puts the phone's keyboard away
  });
}

function setUpPage() {
  setUpSearch();
  setUpDialog($("editor"), saveMemory);
  setUpDialog($("settings"), saveKey);
  setUpDialog($("handoff"), writeBrief);
  setUpDialog($("copy-by-hand"));
  $("handoff").addEventListener("change", targetChanged);
  $("editor").addEventListener("cancel", keepDraft);
  // A page can stop "cancel" only once between two other deeds of the person; the key, always.
  $("editor").addEventListener("keydown", (event) => event.key === "Escape" && keepDraft(event));
  $("other-name").addEventListener("input", () => showBrief(""));
  const onClick = {
    "refresh": refresh,
    "open-settings": () => openSettings(),
    "forget": forgetKey,
    "add": () => openEditor(null),
    "more": () => loadMemories(true),
    "clear-filter": () => showOnly(null),
    "copy-brief": copyBrief,
    "copy-context": () => copy(contextText(), () => announce(`${plural(shown.memories.length, "memory is", "memories are")} copied.`)),
  };
  for (const [id, action] of Object.entries(onClick)) $(id).addEventListener("click", action);
}

setUpPage();
refresh();
