import { language } from "../state";
import { en, type Words } from "./en";
import { uk } from "./uk";

export const LANGUAGES = ["en", "uk"] as const;
export type Language = (typeof LANGUAGES)[number];
export const WORDS: Record<Language, Words> = { en, uk };

export function t(key: keyof Words, values: Record<string, string | number> = {}): string {
  return WORDS[language.value][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** A word of the data that the page knows (a state, a kind), else the word itself. */
export function word(text: string): string {
  const words: Record<string, string> = WORDS[language.value];
  return words[text] ?? text;
}

const format = (options: Intl.NumberFormatOptions): Intl.NumberFormat => new Intl.NumberFormat(language.value, options);

export function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return t("unknown");
  if (value !== 0 && value < 1e-6) return `< ${format({ maximumFractionDigits: 6 }).format(1e-6)}`;
  if (value < 0.001) return format({ maximumSignificantDigits: 1 }).format(value);
  if (value >= 100) return format({ maximumFractionDigits: 0 }).format(value);
  return format({ maximumSignificantDigits: 3 }).format(value);
}

export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined) return t("unknown");
  if (value > 0 && value < 0.0001) return `< ${format({ maximumFractionDigits: 2 }).format(0.01)} %`;
  if (value < 1 && value > 0.999) return `> ${format({ maximumFractionDigits: 1 }).format(99.9)} %`;
  return `${format({ maximumSignificantDigits: value > 0.99 ? 4 : 2 }).format(100 * value)} %`;
}

export function ground(m2: number | null | undefined): string {
  if (m2 === null || m2 === undefined) return t("unknown");
  return m2 >= 1e6 ? `${number(m2 / 1e6)} km²` : m2 >= 1e4 ? `${number(m2 / 1e4)} ha` : `${number(m2)} m²`;
}

export function day(iso: string | number | boolean | null | undefined): string {
  if (!iso) return t("date_unknown");
  const date = new Date(`${iso}T00:00:00Z`);
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeZone: "UTC" }).format(date);
}
