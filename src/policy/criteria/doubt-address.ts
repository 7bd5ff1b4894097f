import { isIP } from 'node:net'
import {
  doubtUnseen,
  firstDoubt,
  never,
  shown,
  type Doubt,
  type DoubtText,
} from '../matchers/doubt.ts'

// Only what is sure is doubted; what is merely odd is left to whoever wrote it.

const addresses = /[^\s,;<>"():@]+@[^\s,;<>"():@]+/g

/** What no email address is, or has there (RFC 5321 §4.1.2): a criterion with it would hold for nobody. */
export const doubtEmail: DoubtText = firstDoubt([
  (text) => doubtBlanks(text, ['email', 'an email address'], text.match(addresses) ?? []),
  (text) => {
    if (!/[<>]|^mailto:/i.test(text)) return undefined
    const [only] = text.match(addresses) ?? []
    return never(
      text,
      'an email address stands alone',
      only === undefined ? undefined : `write ${quoted(only)}`,
    )
  },
  doubtWildcard,
  (text, role) => {
    if (text.includes('@') || role !== 'whole') return undefined
    const whole = 'write the whole address, such as ann@example.com'
    return never(text, 'an email address has an "@"', everybodyAt(text) ?? whole)
  },
  (text, role) =>
    text.startsWith('@') && (role === 'whole' || role === 'start')
      ? never(text, 'nothing stands before the "@"', everybodyAt(text.slice(1)))
      : undefined,
  (text, role) => {
    if (!text.endsWith('@') || (role !== 'whole' && role !== 'end')) return undefined
    const hint = role === 'whole' ? `write {email: {starts_with: ${quoted(text)}}}` : undefined
    return never(text, 'nothing stands after the "@"', hint)
  },
  (text) => {
    const at = text.indexOf('@')
    // A quoted local part may hold anything.
    if (at === -1 || text.startsWith('"')) return undefined
    const odd = /@/.exec(text.slice(at + 1))?.[0] ?? oddIn(text.slice(at + 1))
    const hint = severalHint('email', text.match(addresses) ?? [])
    return odd === undefined
      ? undefined
      : never(text, `no address has a ${quoted(odd)} after the "@"`, hint)
  },
])

/** What is no domain of an email address, or no part of one that stands there. */
export const doubtDomain: DoubtText = firstDoubt([
  (text) => doubtBlanks(text, ['domain', 'a domain'], namesIn(text)),
  (text) => {
    if (!text.includes('@')) return undefined
    const [address] = text.match(addresses) ?? []
    const rest = text.slice(text.lastIndexOf('@') + 1)
    const own = rest === '' ? undefined : `write ${quoted(rest)}`
    const hint = address === text ? `write {email: ${address}}` : own
    return never(text, 'a domain is what follows the "@"', hint)
  },
  (text) => {
    const isRange = isIP(text.replace(/\/\d+$/, '')) !== 0
    const hint = `write {source_ip: ${quoted(text)}}`
    return isRange ? never(text, 'an IP address is no domain', hint) : undefined
  },
  (text) => {
    if (!text.includes('/')) return undefined
    const host = text.replace(/^[a-z+]*:?\/+/i, '').replace(/[:/].*$/, '')
    const hint = looksLikeDomain(host) ? `write ${quoted(host)}` : undefined
    return never(text, 'a domain has neither scheme nor path', hint)
  },
  doubtWildcard,
  (text, role) => {
    if (!text.startsWith('.') || (role !== 'whole' && role !== 'start')) return undefined
    const hint = role === 'whole' ? `write {domain: {ends_with: ${quoted(text)}}}` : undefined
    return { message: `${shown(text)} begins with a dot, which no domain does`, hint }
  },
  (text, role) => {
    if (!text.endsWith('.') || (role !== 'whole' && role !== 'end')) return undefined
    const hint = `write ${quoted(text.replace(/\.+$/, ''))}`
    return { message: `${shown(text)} ends with a dot, which no email address does`, hint }
  },
  (text) => {
    const odd = oddIn(text)
    return odd === undefined
      ? undefined
      : never(text, `no domain has a ${quoted(odd)}`, severalHint('domain', namesIn(text)))
  },
])

function quoted(text: string): string {
  return JSON.stringify(text)
}

function looksLikeDomain(text: string): boolean {
  return /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+$/u.test(text) && isIP(text) === 0
}

function namesIn(text: string): readonly string[] {
  return text.split(/[\s,;]+/).filter(looksLikeDomain)
}

function everybodyAt(text: string): string | undefined {
  return looksLikeDomain(text) ? `write {domain: ${text}} for everybody there` : undefined
}

function severalHint(criterion: string, names: readonly string[]): string | undefined {
  return names.length > 1 ? `write {${criterion}: {in: [${names.join(', ')}]}}` : undefined
}

/** On the side of `deny` blanks are left out as well, as are dots at the ends: "never" would be too much. */
function doubtBlanks(
  text: string,
  [criterion, noun]: readonly [name: string, noun: string],
  names: readonly string[],
): Doubt | undefined {
  const hint = severalHint(criterion, names)
  if (!/[\s\p{Cc}\p{Cf}]/u.test(text)) return undefined
  if (hint !== undefined) return never(text, 'it names several', hint)
  return doubtUnseen(text) ?? { message: `${shown(text)} has a blank, which ${noun} never has` }
}

function doubtWildcard(text: string, role: string): Doubt | undefined {
  if (!text.includes('*')) return undefined
  const rest = text.replace(/^\*+/, '')
  const isBelow = role === 'whole' && rest.startsWith('.') && looksLikeDomain(rest.slice(1))
  const below = isBelow
    ? `write {domain: {ends_with: ${quoted(rest)}}} for what is below it`
    : undefined
  const everybody =
    role === 'whole' && rest.startsWith('@') ? everybodyAt(rest.slice(1)) : undefined
  return {
    message: `"*" in ${shown(text)} stands for itself: there are no wildcards here`,
    hint: below ?? everybody ?? 'use "starts_with", "ends_with" or "contains"',
  }
}

/** A character that stands in no domain; internationalized ones have letters of every kind. */
function oddIn(domain: string): string | undefined {
  // A domain may be an address in brackets (RFC 5321 §4.1.3).
  return /[,;:/\\<>()"'|&!?#%^$+={}`~]/.exec(domain.replace(/^\[.*\]$/, ''))?.[0]
}
