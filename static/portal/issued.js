// The page that shows a value once: copies it, then forgets it. DECISIONS 5 has what was measured; the server holds without this.
"use strict";

const page = document.getElementById("issued");
const MINUTE = 60_000;
const idleLimit = Number(page.dataset.idleMinutes) * MINUTE;
const notice = document.getElementById("idle");
const title = document.title;
let lastSeen = Date.now();
let isSafe = false; // copied, confirmed or hidden: leaving loses nothing any more

// A reload, a duplicated or reopened tab is then a GET of the card.
history.replaceState(null, "", page.dataset.cardUrl);

function forget() {
  for (const secret of page.querySelectorAll("[data-secret]")) secret.textContent = page.dataset.blank;
  getSelection().removeAllRanges();
}

function select(source) {
  const range = document.createRange();
  range.selectNodeContents(source);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

// Not every command holds the value: one asks for it at a prompt.
function holdsValue(text) {
  return text.includes(document.getElementById("the-value").textContent);
}

// navigator.clipboard is absent on plain http other than localhost, and may refuse.
async function copy(source, result) {
  for (const earlier of page.querySelectorAll(".copy-result")) earlier.textContent = "";
  try {
    await navigator.clipboard.writeText(source.textContent);
    result.classList.remove("failed");
    result.textContent = result.dataset.copied;
    if (holdsValue(source.textContent)) isSafe = true;
  } catch (error) {
    select(source);
    result.classList.add("failed");
    result.textContent = result.dataset.failed;
  }
}

for (const button of page.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  const result = button.parentElement.querySelector(".copy-result");
  button.addEventListener("click", () => copy(document.getElementById(button.dataset.copy), result));
}

// Copied by hand counts too.
document.addEventListener("copy", () => {
  if (holdsValue(getSelection().toString())) isSafe = true;
});

page.querySelector("[data-stored]").addEventListener("submit", () => {
  isSafe = true;
});
window.addEventListener("beforeunload", (event) => {
  if (!isSafe) event.preventDefault();
});
window.addEventListener("pagehide", forget);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

function stayShown() {
  lastSeen = Date.now();
  notice.hidden = true;
  document.title = title;
}

function hideWhenIdle() {
  const idle = Date.now() - lastSeen;
  if (idle >= idleLimit) {
    clearInterval(watch);
    forget();
    isSafe = true;
    notice.hidden = true;
    document.getElementById("once").hidden = true;
    document.getElementById("gone").hidden = false;
    for (const button of page.querySelectorAll("[data-copy]")) button.hidden = button.dataset.copy !== "the-id";
    document.title = title;
  } else if (idle >= idleLimit - MINUTE && notice.hidden) {
    notice.hidden = false;
    document.title = `${page.dataset.titleWarning} · ${title}`;
  }
}

const watch = setInterval(hideWhenIdle, 1000);
for (const sign of ["pointerdown", "pointermove", "keydown", "scroll"]) {
  // Once the warning shows, only the button or a key extends: a bumped mouse does not.
  document.addEventListener(sign, () => { if (notice.hidden) lastSeen = Date.now(); }, { passive: true });
}
document.addEventListener("keydown", () => { if (!notice.hidden) stayShown(); });
page.querySelector("[data-extend]").addEventListener("click", stayShown);
