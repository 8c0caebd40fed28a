/* For each puzzle k of a challenge, looks for a number n so that SHA-256 of "challenge~k~n" begins with `bits` zero bits.
   SHA-256 (FIPS 180-4) in plain arithmetic: crypto.subtle is missing on http:// pages, and a call of it costs more than a hash. */
const ROUNDS = 64;
const constants = new Int32Array(ROUNDS);
const start = new Int32Array(8);

/* The first 32 bits of the fractions of the roots of the first primes: square roots to begin with, cube roots for the rounds. */
function prepare() {
  const bits = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  const primes = [];
  for (let number = 2; primes.length < ROUNDS; number++) {
    if (primes.every((prime) => number % prime)) primes.push(number);
  }
  primes.forEach((prime, place) => {
    if (place < start.length) start[place] = bits(Math.sqrt(prime));
    constants[place] = bits(Math.cbrt(prime));
  });
}

const words = new Int32Array(ROUNDS);
const state = new Int32Array(8);

function addBlock(view, offset) {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(offset + 4 * i);
  for (let i = 16; i < ROUNDS; i++) {
    const early = words[i - 15];
    const late = words[i - 2];
    const small = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
    const large = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
    words[i] = words[i - 16] + small + words[i - 7] + large;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < ROUNDS; i++) {
    const mixed = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + mixed + ((e & f) ^ (~e & g)) + constants[i] + words[i]) | 0;
    const also = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = also + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/* The first 32 bits of the hash. */
function firstWord(octets) {
  const padded = new Uint8Array((((octets.length + 8) >> 6) + 1) << 6);
  padded.set(octets);
  padded[octets.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, 8 * octets.length);
  state.set(start);
  for (let offset = 0; offset < padded.length; offset += 64) addBlock(view, offset);
  return state[0];
}

prepare();
addEventListener("message", ({ data: { challenge, bits, puzzles } }) => {
  const encoder = new TextEncoder();
  const found = [];
  for (let puzzle = 0; puzzle < puzzles; puzzle++) {
    let number = 0;
    while (firstWord(encoder.encode(`${challenge}~${puzzle}~${number}`)) >>> (32 - bits)) number++;
    found.push(number);
  }
  postMessage(found.join("."));
});
