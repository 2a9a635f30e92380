// Several sites: sends each line as a press of its own and shows its value once. The server makes no line twice, with or
// without this. Values go into text nodes only (DECISIONS 5): a form control would give them back with Back.
"use strict";

const page = document.getElementById("sites");
const words = page.dataset;
const lines = [...page.querySelectorAll("[data-line]")];
const [start, stop, allStored] = ["start", "stop", "all-stored"].map((name) => page.querySelector(`[data-${name}]`));
const progress = page.querySelector("progress");
const csrf = page.querySelector("[name=csrfmiddlewaretoken]").value;
const MOST_AT_ONCE = 4; // as many places a process of the portal has for creates
const MOST_BUSY = 20; // busy answers in a row, over all lines, before it is left at that
const ANSWER_MOST = 120_000;
const MINUTE = 60_000;
const NEVER_CAME = { outcome: "lost", label: words.unknown, tone: "bad", said: words.lost };
const NOT_SENT = { outcome: "unsent", label: words.notSent, tone: "idle", said: words.unsent };
const answers = new Map(); // what became of a line, never its value
let queue = [];
let busyInARow = 0;
let running = 0;
let stopped = ""; // why

// A reload, a duplicated or reopened tab is then a GET of the empty form.
history.replaceState(null, "", words.formUrl);

const find = (line, name) => line.querySelector(`[data-${name}]`);
const wait = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
const isAnswered = (line) => answers.has(line) && !["lost", "unsent"].includes(answers.get(line));
const unsafe = () => lines.filter((line) => line.dataset.unsafe);

function post(url, fields = {}) {
  return fetch(url, {
    method: "POST",
    body: new URLSearchParams({ csrfmiddlewaretoken: csrf, ...fields }),
    headers: { "X-Requested-With": "fetch" },
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_MOST),
  });
}

function badge(line, label, tone) {
  find(line, "state").textContent = label;
  find(line, "state").className = `badge-tone tone-${tone}`;
}

function show(line, answer) {
  answers.set(line, answer.outcome);
  badge(line, answer.label, answer.tone);
  const outcome = find(line, "outcome");
  outcome.textContent = answer.said;
  outcome.hidden = !answer.said;
  if (answer.card) {
    const link = find(line, "has-card").querySelector("a");
    link.href = answer.card;
    find(line, "reference").textContent = answer.reference;
    find(line, "has-card").hidden = false;
  }
  if (answer.outcome === "issued") showValue(line, answer);
  count();
}

function showValue(line, answer) {
  find(line, "code-id").textContent = answer.code_id;
  for (const [name, text] of Object.entries({ value: answer.value, ...answer.commands })) {
    line.querySelector(`[data-secret="${name}"]`).textContent = text;
  }
  find(line, "has-commands").hidden = Object.keys(answer.commands).length === 0;
  find(line, "has-value").hidden = false;
  line.dataset.unsafe = line.dataset.shown = "yes";
}

function count() {
  const done = lines.filter(isAnswered).length;
  const issued = [...answers.values()].filter((outcome) => outcome === "issued").length;
  progress.value = done;
  const text = words.progress.replace("{done}", done).replace("{all}", lines.length).replace("{issued}", issued);
  find(page, "count").textContent = text;
  allStored.hidden = running > 0 || !lines.some((line) => line.dataset.shown);
}

// Answers.

const STOPPING = { 401: "signedOut", 403: "refused", 404: "refused" };

async function send(line) {
  badge(line, words.sending, "busy");
  let response, answer;
  try {
    response = await post(words.sendUrl, { submission: line.dataset.token });
    if (STOPPING[response.status]) return halt(line, STOPPING[response.status], NOT_SENT);
    answer = await response.json(); // a proxy's page is none
  } catch (error) {
    return halt(line, "gone", NEVER_CAME);
  }
  if (answer.outcome === "away") return halt(line, "refused", answer);
  if (answer.outcome !== "busy") {
    busyInARow = 0;
    return show(line, answer);
  }
  queue.unshift(line); // no row, no call: whoever is free takes it
  badge(line, answer.label, answer.tone);
  if (++busyInARow > MOST_BUSY) stopped ||= "busy";
  else await wait(Number(response.headers.get("Retry-After") || 1) * (0.7 + Math.random() * 0.6));
}

function halt(line, why, answer) {
  stopped ||= why;
  show(line, answer);
}

async function work() {
  while (queue.length && !stopped) await send(queue.shift());
}

async function run() {
  if (running) return;
  stopped = "";
  busyInARow = 0;
  running = 1;
  queue = lines.filter((line) => !isAnswered(line));
  for (const line of queue) badge(line, words.waiting, "idle");
  find(page, "before").hidden = true;
  start.hidden = true;
  stop.hidden = false;
  find(page, "said").textContent = "";
  count();
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, work));
  running = 0;
  for (const line of queue) show(line, answers.get(line) === "lost" ? NEVER_CAME : NOT_SENT);
  const isDone = lines.every(isAnswered);
  stop.hidden = true;
  start.hidden = isDone;
  start.textContent = start.dataset.goOn;
  find(page, "said").textContent = isDone ? words.finished : words[stopped];
  count();
}

start.hidden = false;
start.addEventListener("click", run);
stop.addEventListener("click", () => { stopped ||= "stopped"; });

// Copying.

function select(source) {
  const range = document.createRange();
  range.selectNodeContents(source);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

function valueOf(line) {
  return line.querySelector("[data-secret=value]").textContent;
}

// navigator.clipboard is absent on plain http other than localhost, and may refuse.
async function copy(line, source, result) {
  for (const earlier of page.querySelectorAll(".copy-result")) earlier.textContent = "";
  try {
    await navigator.clipboard.writeText(source.textContent);
    result.classList.remove("failed");
    result.textContent = result.dataset.copied;
    if (source.textContent.includes(valueOf(line))) delete line.dataset.unsafe;
  } catch (error) {
    select(source);
    result.classList.add("failed");
    result.textContent = result.dataset.failed;
  }
}

for (const line of lines) {
  for (const button of line.querySelectorAll("[data-copy]")) {
    const result = button.parentElement.querySelector(".copy-result");
    const source = line.querySelector(`[data-secret="${button.dataset.copy}"]`);
    button.addEventListener("click", () => copy(line, source, result));
  }
  find(line, "store").addEventListener("click", () => store(line));
}

// Copied by hand counts too.
document.addEventListener("copy", () => {
  const taken = getSelection().toString();
  for (const line of unsafe()) if (taken.includes(valueOf(line))) delete line.dataset.unsafe;
});

// Storing.

async function store(line) {
  const reference = find(line, "reference").textContent;
  try {
    const answer = await post(`${find(line, "has-card").querySelector("a").href}stored/`);
    if (answer.type !== "opaqueredirect") throw new Error(reference);
  } catch (error) {
    find(line, "outcome").textContent = words.notNoted;
    find(line, "outcome").hidden = false;
    return false;
  }
  forget(line);
  find(line, "outcome").hidden = true;
  badge(line, words.stored, "ok");
  count();
  return true;
}

allStored.addEventListener("click", async () => {
  allStored.setAttribute("aria-disabled", "true");
  for (const line of lines.filter((one) => one.dataset.shown)) if (!(await store(line))) break;
  allStored.removeAttribute("aria-disabled");
});

// Forgetting.

function forget(line) {
  for (const secret of line.querySelectorAll("[data-secret]")) secret.textContent = words.blank;
  getSelection().removeAllRanges();
  find(line, "has-value").hidden = true;
  delete line.dataset.unsafe;
  delete line.dataset.shown;
}

function forgetAll() {
  for (const line of lines) if (line.dataset.shown) forget(line);
}

window.addEventListener("beforeunload", (event) => {
  if (running || unsafe().length) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  stopped ||= "stopped";
  forgetAll();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

const idleLimit = Number(words.idleMinutes) * MINUTE;
const notice = document.getElementById("idle");
const title = document.title;
let lastSeen = Date.now();

function stayShown() {
  lastSeen = Date.now();
  notice.hidden = true;
  document.title = title;
}

function hideWhenIdle() {
  const idle = Date.now() - lastSeen;
  if (!lines.some((line) => line.dataset.shown) || running) return;
  if (idle >= idleLimit) {
    forgetAll();
    stayShown();
    document.getElementById("gone").hidden = false;
    count();
  } else if (idle >= idleLimit - MINUTE && notice.hidden) {
    notice.hidden = false;
    document.title = `${words.titleWarning} · ${title}`;
  }
}

setInterval(hideWhenIdle, 1000);
for (const sign of ["pointerdown", "pointermove", "keydown", "scroll"]) {
  // Once the warning shows, only the button or a key extends: a bumped mouse does not.
  document.addEventListener(sign, () => { if (notice.hidden) lastSeen = Date.now(); }, { passive: true });
}
document.addEventListener("keydown", () => { if (!notice.hidden) stayShown(); });
page.querySelector("[data-extend]").addEventListener("click", stayShown);
