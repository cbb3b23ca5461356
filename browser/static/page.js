/* The page around the terminal: language, permission for the microphone, the visit, its end. */

import { Sound, askForMicrophone } from "./sound.js";
import { WORDS } from "./words.js";

const RETRY_MS = 4000;
const element = (id) => document.getElementById(id);

const kept = sessionStorage; // what the page remembers when it is loaded again after a visit

let language = kept.getItem("language") ?? (navigator.language.startsWith("ja") ? "ja" : "en");
let problem = kept.getItem("problem"); // the name of a sentence in WORDS
kept.removeItem("problem");
let sound = null;
let microphone = "microphoneOff";
let loudspeaker = "loudspeakerOn";
let busy = false;

function show() {
  const words = WORDS[language];
  document.documentElement.lang = language;
  element("language").textContent = words.otherLanguage;
  element("intro").textContent = words.intro;
  element("with-microphone").textContent = words.withMicrophone;
  element("without-microphone").textContent = words.withoutMicrophone;
  element("note").textContent = words.note;
  element("problem").hidden = problem === null;
  element("problem").textContent = problem === null ? "" : words[problem];
  element("microphone").textContent = words[microphone];
  element("loudspeaker").textContent = words[loudspeaker];
  for (const id of ["with-microphone", "without-microphone"]) element(id).disabled = busy;
}

function say(name) {
  problem = name;
  show();
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The key of a new visit; waits for a place. Throws the name of what to say. */
async function arrive(withMicrophone) {
  for (;;) {
    let answer;
    try {
      const body = JSON.stringify({ language, microphone: withMicrophone });
      answer = await fetch("/visits", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    } catch {
      throw "unreachable";
    }
    if (answer.ok) return (await answer.json()).key;
    const refusal = await answer.json().catch(() => ({}));
    if (refusal.problem !== "full") throw "unavailable";
    say("full");
    await pause(RETRY_MS);
  }
}

function soundChanged(state) {
  if (state === "closed") loudspeaker = "loudspeakerLost";
  else microphone = { silent: "microphoneSilent", heard: "microphoneOn", lost: "microphoneLost" }[state];
  show();
}

async function openSound(stream) {
  const opened = new Sound(stream, soundChanged);
  try {
    await opened.open();
  } catch (error) {
    console.error(error);
    opened.close();
    if (stream !== null) throw "soundFailed";
    return null;
  }
  return opened;
}

const socketUrl = (key, name) => `${location.origin.replace(/^http/, "ws")}/visits/${key}/${name}`;

/** Load the terminal, which connects by itself: textual-serve's script runs when the page has loaded. */
async function openTerminal(key) {
  element("terminal").dataset.sessionWebsocketUrl = socketUrl(key, "terminal");
  await document.fonts.load("15px 'Roboto Mono'").catch(() => {});
  const script = document.createElement("script");
  const loaded = new Promise((resolve, reject) => Object.assign(script, { onload: resolve, onerror: reject }));
  script.src = "/textual/js/textual.js";
  document.head.append(script);
  await loaded;
  window.onload();
  element("terminal").querySelector("textarea")?.focus();
}

/** The terminal's script marks the body when its connection has closed. It can run only once in a page. */
function watchForTheEnd() {
  new MutationObserver((_changes, observer) => {
    if (!document.body.classList.contains("-closed")) return;
    observer.disconnect();
    sound?.close();
    kept.setItem("problem", "ended");
    location.reload();
  }).observe(document.body, { attributeFilter: ["class"] });
}

const canDraw = () => document.createElement("canvas").getContext("webgl2") !== null;

async function start(withMicrophone) {
  busy = true;
  say(null);
  let stream = null;
  try {
    if (!canDraw()) throw "noWebgl";
    if (withMicrophone) {
      say("asking");
      stream = await askForMicrophone();
    }
    sound = await openSound(stream);
    const key = await arrive(withMicrophone);
    sound?.connect(socketUrl(key, "sound"));
    microphone = withMicrophone ? "microphoneOn" : "microphoneOff";
    if (sound === null) loudspeaker = "loudspeakerOff";
    watchForTheEnd();
    element("welcome").hidden = true;
    element("visit").hidden = false;
    element("level").hidden = !withMicrophone;
    say(null);
    await openTerminal(key);
  } catch (error) {
    const sentence = typeof error === "string" ? error : "unavailable";
    if (sentence === "unavailable") console.error(error);
    sound?.close();
    stream?.getTracks().forEach((track) => track.stop());
    element("visit").hidden = true;
    element("welcome").hidden = false;
    busy = false;
    say(sentence);
  }
}

element("language").addEventListener("click", () => {
  language = language === "ja" ? "en" : "ja";
  kept.setItem("language", language);
  show();
});
element("with-microphone").addEventListener("click", () => start(true));
element("without-microphone").addEventListener("click", () => start(false));
setInterval(() => (element("level").value = sound?.level ?? -60), 100);
show();
