// The day that is shown: a slider over the steps, and play.

import { useEffect } from "preact/hooks";
import { about, date, isForecast, playing, step } from "./state";
import { day, t } from "./words";

const STEP_MS = 900;

export function Slider() {
  const last = about.value!.dates.length - 1;
  const go = (to: number): void => {
    step.value = Math.max(0, Math.min(last, to));
  };
  useEffect(() => {
    if (!playing.value) return;
    const clock = setInterval(() => {
      if (step.value >= last) playing.value = false;
      else go(step.value + 1);
    }, STEP_MS);
    return () => clearInterval(clock);
  }, [playing.value, last]);
  const start = (): void => {
    if (!playing.value && step.value >= last) step.value = 0;
    playing.value = !playing.value;
  };
  return (
    <section class="slider" aria-label={t("timeline")}>
      <button type="button" onClick={start} aria-pressed={playing.value}>
        {playing.value ? `❚❚ ${t("pause")}` : `▶ ${t("play")}`}
      </button>
      <button type="button" class="small" onClick={() => go(step.value - 1)} aria-label={t("earlier")}>
        ‹
      </button>
      <input
        type="range"
        min={0}
        max={last}
        step={1}
        value={step.value}
        aria-label={t("timeline")}
        aria-valuetext={day(date.value)}
        onInput={(e) => go(Number(e.currentTarget.value))}
      />
      <button type="button" class="small" onClick={() => go(step.value + 1)} aria-label={t("later")}>
        ›
      </button>
      <output class={isForecast.value ? "forecast" : ""}>
        <b>{day(date.value)}</b> <span class="mark">{isForecast.value ? t("forecast") : t("today")}</span>
      </output>
    </section>
  );
}
