// Items of one area over time: expected number and 90 % interval by state, on a scale of years.

import { about, step } from "./state";
import type { Curve as Values } from "./types";
import { STATES } from "./types";
import { number, t, word } from "./words";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [380, 200, 46, 8, 10, 38];
const LINES: Record<string, [string, string]> = {
  armed: ["#a8234f", ""],
  expired: ["#8a4b00", "6 3"],
  dud: ["#3f6fa8", "2 3"],
  explosive: ["#1c1b22", ""],
};
const YEAR_D = 365.25;

/** Years on a scale that gives the first months as much room as the later decades. */
const along = (days: number): number => Math.log1p(days / 30) / Math.log1p((30 * YEAR_D) / 30);

export function Curve({ curve }: { curve: Values }) {
  const { dates, as_of } = about.value!;
  const start = Date.parse(as_of);
  const days = dates.map((d) => (Date.parse(d) - start) / 86_400_000);
  const known = STATES.filter((_, k) => curve[k]![0]!.some((v) => (v ?? 0) > 0));
  const most = Math.max(1e-9, ...curve.flatMap((m) => [...m[0]!, ...m[2]!].map((v) => v ?? 0)));
  const x = (i: number): number => LEFT + along(Math.max(0, days[i]!)) * (WIDTH - LEFT - RIGHT);
  const y = (v: number | null): number => TOP + (1 - (v ?? 0) / most) * (HEIGHT - TOP - BOTTOM);
  const line = (values: (number | null)[]): string =>
    values.map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  const total = curve[3]!;
  const back = [...total[1]!].reverse().map((v, i) => `L${x(dates.length - 1 - i).toFixed(1)} ${y(v).toFixed(1)}`);
  const now = Math.min(step.value, dates.length - 1);
  return (
    <figure class="curve">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("curve_of")}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(share * most)} y2={y(share * most)} class="grid" />
            <text x={LEFT - 5} y={y(share * most) + 4} text-anchor="end">
              {number(share * most)}
            </text>
          </g>
        ))}
        {[0, 1, 5, 10, 30].map((year) => {
          const at = LEFT + along(year * YEAR_D) * (WIDTH - LEFT - RIGHT);
          return (
            <text key={year} x={at} y={HEIGHT - BOTTOM + 14} text-anchor={year === 30 ? "end" : "middle"}>
              {year}
            </text>
          );
        })}
        <text x={(LEFT + WIDTH) / 2} y={HEIGHT - 6} text-anchor="middle">
          {t("years_ahead")}
        </text>
        <path d={`${line(total[2]!)}${back.join("")}Z`} class="band" />
        {known.map((state) => {
          const [colour, dash] = LINES[state]!;
          return (
            <path key={state} d={line(curve[STATES.indexOf(state)]![0]!)} stroke={colour} stroke-dasharray={dash}
              class="line" />
          );
        })}
        <line x1={x(now)} x2={x(now)} y1={TOP} y2={HEIGHT - BOTTOM} class="now" />
      </svg>
      <figcaption>
        {t("curve_of")}
        <ul class="key">
          {known.map((state) => (
            <li key={state}>
              <svg width="22" height="8" aria-hidden="true">
                <line x1="0" x2="22" y1="4" y2="4" stroke={LINES[state]![0]} stroke-dasharray={LINES[state]![1]}
                  stroke-width="2.5" />
              </svg>
              {word(state)}
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}
