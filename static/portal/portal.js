// Comforts for every page; each page works without them. Texts come from the page, never from here.
"use strict";

const SLOW = 8000; // a usual answer takes a second

// One press, one submission. A second POST would drop the first answer, and the value with it.
function blockSecondSubmit(form) {
  const button = form.querySelector("button:not([type=button])");
  const label = button && button.textContent;
  const slow = form.querySelector("[data-slow]");
  let waiting = 0;
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    // No event tells that somebody stopped the page; the request goes on regardless.
    if (slow) waiting = setTimeout(() => { slow.hidden = false; }, SLOW);
    if (!button) return;
    button.setAttribute("aria-disabled", "true");
    if (button.dataset.busy) button.textContent = button.dataset.busy;
  });
  // Back may bring the page out of the back/forward cache with the block still on.
  window.addEventListener("pageshow", () => {
    delete form.dataset.sent;
    clearTimeout(waiting);
    if (slow) slow.hidden = true;
    if (!button) return;
    button.removeAttribute("aria-disabled");
    if (button.dataset.busy) button.textContent = label;
  });
}

function differsFromServed(field) {
  if (field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.tagName === "INPUT") return field.value !== field.defaultValue;
  if (field.tagName !== "SELECT") return false;
  const served = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(served, 0);
}

// The plan sentence, asked of the server as fields change. Late answers are dropped, lost ones marked.
function refreshPlan(form) {
  const plan = document.getElementById("plan");
  const stale = document.querySelector(".plan-stale");
  let timer = 0;
  let request = null;
  const mark = (isStale) => {
    delete plan.dataset.waiting;
    stale.hidden = !isStale;
    stale.textContent = isStale ? stale.dataset.stale : "";
  };
  const drop = () => {
    clearTimeout(timer);
    if (request) request.abort();
    request = null; // an end that was meant is no failure to tell of
  };
  const ask = async () => {
    const mine = (request = new AbortController());
    try {
      const answer = await fetch(form.dataset.planUrl, {
        method: "POST",
        body: new FormData(form),
        signal: mine.signal,
        redirect: "error",
        headers: { "X-Requested-With": "fetch" },
      });
      if (answer.status === 401) return comeBack(form);
      if (!answer.ok) return mark(true);
      const html = await answer.text();
      if (mine !== request) return;
      if (html !== plan.dataset.html) {
        plan.dataset.html = html;
        plan.innerHTML = html;
        showLocalTimes(plan);
      }
      mark(false);
    } catch (error) {
      if (mine === request) mark(true);
    }
  };
  const soon = () => {
    drop();
    plan.dataset.waiting = "";
    timer = setTimeout(ask, 250);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  // The browser may have restored typed text that the server has not seen.
  window.addEventListener("pageshow", () => {
    if ([...form.elements].some(differsFromServed)) soon();
  });
  form.addEventListener("submit", drop);
}

// The sign-in is asked about in between: what was typed goes there and back with the person. A reload would drop it.
function comeBack(form) {
  const typing = document.createElement("input");
  Object.assign(typing, { type: "hidden", name: "typing", value: document.activeElement?.name ?? "" });
  const usual = form.action;
  form.append(typing);
  form.action = form.dataset.planUrl;
  HTMLFormElement.prototype.submit.call(form);
  // Back may bring this page out of the back/forward cache, and its button has to create then.
  form.action = usual;
  typing.remove();
}

// In the field where somebody was interrupted, behind its last letter.
function resumeTyping(form) {
  const found = form.elements[form.dataset.resume];
  const field = found instanceof RadioNodeList ? [...found].find((one) => one.checked) : found;
  field?.focus();
  if (field?.type === "text") field.setSelectionRange(field.value.length, field.value.length);
}

// Hours or permanent: what does not apply is out of the way.
function followValidity(form) {
  const hours = form.querySelector("[data-when=hours]");
  if (!hours) return;
  const follow = () => {
    const chosen = form.querySelector("input[name=validity]:checked");
    const complains = hours.querySelector(".invalid-feedback");
    hours.hidden = Boolean(chosen) && chosen.value === "permanent" && !complains;
  };
  form.addEventListener("change", follow);
  window.addEventListener("pageshow", follow);
  follow();
}

// Characters as the cloud's rules count them. A maxlength counts UTF-16 units and would cut emoji short.
function countCharacters(field) {
  const most = Number(field.dataset.maxlength);
  const counter = document.createElement("span");
  counter.className = "counter";
  counter.setAttribute("aria-hidden", "true");
  field.parentElement.append(counter);
  const count = () => {
    const length = [...field.value.trim()].length;
    counter.textContent = `${length} / ${most}`;
    counter.classList.toggle("counter-over", length > most);
  };
  field.addEventListener("input", count);
  window.addEventListener("pageshow", count);
  count();
}

// The person's own time beside UTC, where the two differ; with the day where that differs too.
function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    time.dataset.local = "";
    if (Number.isNaN(at.getTime()) || at.getTimezoneOffset() === 0) continue;
    const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
    if (at.getDate() !== at.getUTCDate()) Object.assign(options, { weekday: "short", day: "numeric", month: "short" });
    const parts = new Intl.DateTimeFormat(document.documentElement.lang, options).formatToParts(at);
    const zone = parts.find((part) => part.type === "timeZoneName").value;
    const clock = parts.filter((part) => part.type !== "timeZoneName").map((part) => part.value).join("").trim();
    const local = document.createElement("span");
    local.className = "local-time";
    local.textContent = document.body.dataset.localTime.replace("{time}", clock).replace("{zone}", zone);
    time.after(" ", local);
  }
}

// Time left goes on in the words the server began with.
function countDown(left) {
  const tell = () => {
    const minutes = Math.floor((new Date(left.dataset.until) - Date.now()) / 60_000);
    const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
    const over = minutes < 0 ? "over" : "last";
    const words = left.dataset[d > 0 ? "days" : h > 0 ? "hours" : m > 0 ? "minutes" : over];
    left.textContent = words.replace("{d}", d).replace("{h}", h).replace("{m}", m);
  };
  setInterval(tell, 15_000);
  window.addEventListener("pageshow", tell);
}

// How many codes of the list are ticked; the bar is out of the way while none is.
function countTicks(bar) {
  const ticks = [...document.querySelectorAll("input[form=several]")];
  const ours = (all) => [...all.closest("table").querySelectorAll("input[form=several]")];
  const alls = [...document.querySelectorAll("input[data-all]")].filter((all) => ours(all).length > 1);
  const count = () => {
    const chosen = ticks.filter((tick) => tick.checked).length;
    bar.hidden = chosen === 0;
    bar.querySelector(".several-count").textContent = bar.dataset.several.replace("{n}", chosen);
    for (const all of alls) {
      all.checked = ours(all).every((tick) => tick.checked);
      all.indeterminate = !all.checked && ours(all).some((tick) => tick.checked);
    }
  };
  for (const all of alls) {
    all.hidden = false;
    all.addEventListener("change", () => {
      for (const tick of ours(all)) tick.checked = all.checked;
      count();
    });
  }
  for (const tick of ticks) tick.addEventListener("change", count);
  window.addEventListener("pageshow", count);
  count();
}

// Still working: look again. Without scripts a meta refresh does the same.
function moveOn(waiting) {
  setTimeout(() => location.replace(waiting.dataset.moveTo), Number(waiting.dataset.moveOn) * 1000);
}

function closeMenus() {
  for (const menu of document.querySelectorAll("details.menu")) {
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
}

for (const instead of document.querySelectorAll("[data-without-script]")) instead.remove();
document.querySelectorAll("form[data-once]").forEach(blockSecondSubmit);
document.querySelectorAll("form[data-plan-url]").forEach(refreshPlan);
document.querySelectorAll("form.issue").forEach(followValidity);
document.querySelectorAll("input[data-maxlength]").forEach(countCharacters);
showLocalTimes(document);
closeMenus();
document.querySelectorAll("[data-until]").forEach(countDown);
document.querySelectorAll("[data-several]").forEach(countTicks);
document.querySelectorAll("[data-move-on]").forEach(moveOn);
document.querySelector("[data-focus]")?.focus();
document.querySelectorAll("form[data-resume]").forEach(resumeTyping);
