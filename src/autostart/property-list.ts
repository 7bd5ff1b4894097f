import { writtenBy } from './written-by.ts'

/** A value of a property list: what launchd and the Finder read. */
export type PropertyValue =
  | string
  | number
  | boolean
  | readonly PropertyValue[]
  | { readonly [key: string]: PropertyValue }

/**
 * Formats a property list as XML (plist(5)).
 *
 * @throws RangeError for a text with a character that XML 1.0 cannot have
 */
export function formatPropertyList(value: PropertyValue): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${writtenBy} -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${format(value, '')}
</plist>
`
}

function format(value: PropertyValue, indent: string): string {
  if (typeof value === 'string') return `${indent}<string>${escapeXml(value)}</string>`
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`
  if (typeof value === 'boolean') return `${indent}<${value}/>`
  const inner = `${indent}  `
  if (isList(value)) {
    return [`${indent}<array>`, ...value.map((it) => format(it, inner)), `${indent}</array>`].join(
      '\n',
    )
  }
  const rows = Object.entries(value).flatMap(([key, it]) => [
    `${inner}<key>${escapeXml(key)}</key>`,
    format(it, inner),
  ])
  return [`${indent}<dict>`, ...rows, `${indent}</dict>`].join('\n')
}

/** `Array.isArray` does not tell a list that cannot be changed from an object. */
function isList(value: PropertyValue): value is readonly PropertyValue[] {
  return Array.isArray(value)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  // A parser would make a line feed of it (XML 1.0, section 2.11).
  '\r': '&#13;',
}

/** What is no `Char` of XML 1.0 (section 2.2), however it is written. */
// oxlint-disable-next-line no-control-regex
const impossible = /[\0-\x08\x0b\x0c\x0e-\x1f\uFFFE\uFFFF]|\p{Cs}/u

function escapeXml(text: string): string {
  if (impossible.test(text)) throw new RangeError('a character that XML cannot have')
  return text.replaceAll(/[&<>\r]/g, (found) => entities[found] ?? found)
}
