// Times, durations and numbers as people read them.

import { state } from "./api.js";

const pad = (number, digits = 2) => String(number).padStart(digits, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Return the time of day, with the date if it is not today's. */
export function when(text) {
  if (!text) return "–";
  const date = new Date(text);
  const time = clockTime(date);
  const today = new Date(Date.now() + state.clockOffset);
  if (date.toDateString() === today.toDateString()) return time;
  const year = date.getFullYear() === today.getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()]}${year}, ${time.slice(0, 5)}`;
}

/** Return the time of day to the millisecond. */
export function exactly(text) {
  const date = new Date(text);
  return `${clockTime(date)}.${pad(date.getMilliseconds(), 3)}`;
}

function clockTime(date) {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** Return seconds as `1:05` or `1:02:03`. */
export function duration(seconds) {
  if (seconds == null) return "–";
  const whole = Math.max(Math.round(seconds), 0);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

export function milliseconds(value) {
  if (value == null) return "–";
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

const THOUSANDS = new Intl.NumberFormat("en-US");
export const count = (number) => THOUSANDS.format(number);

/** Return `1 call` or `2 calls`. */
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

const MONEY = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
export const money = (amount) => MONEY.format(amount);

export function monthName(month) {
  const [year, number] = month.split("-");
  return `${MONTHS[number - 1]} ${year}`;
}

/** Return a number as `+1 500 555 0002` where that is how it is written, else as it came. */
export function phone(number) {
  const found = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number ?? "");
  return found ? `+1 ${found[1]} ${found[2]} ${found[3]}` : (number ?? "–");
}

/** Return how long a call has talked, by the sandbox's clock if it still does. */
export function talked(call) {
  if (call.duration_seconds != null) return duration(call.duration_seconds);
  if (call.status !== "in_progress") return "–";
  const now = Date.now() + state.clockOffset;
  return duration(((now - new Date(call.started_at)) / 1000) * (state.session?.speed ?? 1));
}
