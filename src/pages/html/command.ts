import { html } from 'hono/html'
import type { Markup } from './layout.ts'

/** A command to copy. A line of it breaks between words: within one, browsers break at each hyphen. */
export function command(text: string): Markup {
  const words = text.split(/(?<=\s)/)
  return html`<code>${words.map((word) => html`<span>${word}</span>`)}</code>`
}
