/* Microphone and loudspeaker of the browser on one WebSocket of PCM16. */

const PLAYBACK_HZ = 24000; // what the server sends
const MICROPHONE = {
  audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};
const PROBLEMS = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", NotReadableError: "busy" };

/** The microphone's stream. Throws the name of what to say: "refused", "missing", "busy" or "insecure". */
export async function askForMicrophone() {
  if (navigator.mediaDevices === undefined) throw "insecure";
  try {
    return await navigator.mediaDevices.getUserMedia(MICROPHONE);
  } catch (error) {
    throw PROBLEMS[error.name] ?? "busy";
  }
}

/** Both directions of one visit; `changed(state)` gets "silent", "heard", "lost" or "closed". */
export class Sound {
  constructor(stream, changed) {
    this.stream = stream;
    this.changed = changed;
    this.level = -60;
    this.lastHeard = performance.now();
    this.silent = false;
  }

  /** Make the audio graph. Call it in the handler of a click: browsers start sound only then. */
  async open() {
    this.playContext = new AudioContext({ sampleRate: PLAYBACK_HZ });
    await this.playContext.audioWorklet.addModule("/static/playback.js");
    this.player = new AudioWorkletNode(this.playContext, "playback", { numberOfInputs: 0, outputChannelCount: [1] });
    this.player.connect(this.playContext.destination);
    await this.playContext.resume();
    if (this.stream !== null) await this.capture();
  }

  /* The context keeps the microphone's own rate: Firefox refuses any other one. The server resamples. */
  async capture() {
    this.captureContext = new AudioContext();
    await this.captureContext.audioWorklet.addModule("/static/capture.js");
    this.recorder = new AudioWorkletNode(this.captureContext, "capture", { numberOfOutputs: 0 });
    this.recorder.port.onmessage = (message) => this.spoken(message.data);
    this.captureContext.createMediaStreamSource(this.stream).connect(this.recorder);
    await this.captureContext.resume();
    this.stream.getAudioTracks()[0].addEventListener("ended", () => this.changed("lost"));
  }

  /** Connect to the visit's socket. */
  connect(url) {
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    const rate = this.captureContext?.sampleRate ?? PLAYBACK_HZ;
    this.socket.addEventListener("open", () => this.socket.send(JSON.stringify({ rate })));
    this.socket.addEventListener("message", (message) => {
      this.player.port.postMessage(message.data, [message.data]);
    });
    this.socket.addEventListener("close", () => this.changed("closed"));
  }

  spoken(block) {
    const peak = new Int16Array(block).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    this.level = peak === 0 ? -60 : Math.max(-60, 20 * Math.log10(peak / 32768));
    const now = performance.now();
    if (peak > 0) this.lastHeard = now;
    const silent = now - this.lastHeard > 5000; // digital silence: a microphone that is on has noise
    if (silent !== this.silent) {
      this.silent = silent;
      this.changed(silent ? "silent" : "heard");
    }
    // Half a second waiting already means that the line is too slow; late speech helps nobody.
    const late = this.socket?.bufferedAmount > this.captureContext.sampleRate;
    if (this.socket?.readyState === WebSocket.OPEN && !late) this.socket.send(block);
  }

  close() {
    this.socket?.close();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.captureContext?.close();
    this.playContext?.close();
  }
}
