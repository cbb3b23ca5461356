/* The loudspeaker in the audio thread: PCM16 at 24 000 Hz, smoothed over the jitter of the network. */

const START_S = 0.12; // what waits before the first sample is played
const LATE_S = 0.5; // more than this waiting: the oldest goes, or the customer would answer ever later

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.blocks = [];
    this.offset = 0;
    this.waiting = 0;
    this.playing = false;
    this.port.onmessage = (message) => this.take(new Int16Array(message.data));
  }

  take(block) {
    this.blocks.push(block);
    this.waiting += block.length;
    while (this.waiting > LATE_S * sampleRate && this.blocks.length > 1) {
      this.waiting -= this.blocks.shift().length - this.offset;
      this.offset = 0;
    }
    if (this.waiting >= START_S * sampleRate) this.playing = true;
  }

  process(_inputs, outputs) {
    const out = outputs[0][0];
    if (!this.playing) return true;
    for (let i = 0; i < out.length; i++) {
      if (this.blocks.length === 0) {
        this.playing = false;
        break;
      }
      out[i] = this.blocks[0][this.offset++] / 32768;
      this.waiting--;
      if (this.offset === this.blocks[0].length) {
        this.blocks.shift();
        this.offset = 0;
      }
    }
    return true;
  }
}

registerProcessor("playback", Playback);
