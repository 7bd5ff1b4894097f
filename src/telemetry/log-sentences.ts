import { formatDuration } from '../clock.ts'
import type { LogFields } from '../log.ts'
import { sayBytes } from '../say-bytes.ts'
import { quoteValue } from './quote-value.ts'

/**
 * A line as a sentence for people, by its message; undefined for those that have none. The configuration selects the
 * fields of each: what is not there is left out.
 */
export function sayLine(message: string, fields: LogFields): string | undefined {
  if (message === 'http-request') return sayRequest(fields)
  return message === 'authorize check' ? sayDecision(fields) : undefined
}

function sayRequest(fields: LogFields): string {
  return fields['method'] === 'CONNECT' ? sayTunnel(fields) : sayPage(fields)
}

/** `alice@example.com used ssh (ssh.example.com:22) from 203.0.113.9 for 3m3s: 8.9 KiB up, 41 KiB down, client-closed` */
function sayTunnel(fields: LogFields): string {
  const who = whoOf(fields) ?? 'somebody'
  const place = [placeOf(fields, 'authority'), from(fields)].filter(Boolean).join(' ')
  const { ended, error } = fields
  if (ended === undefined) {
    const why = [textOf(fields['response-code-details']), answerOf(fields)].filter(Boolean)
    return `${who} got no tunnel to ${place}: ${[why.join(' '), textOf(error)].filter(Boolean).join(', ')}`
  }
  const [up, down] = [bytesOf(fields['bytes-up']), bytesOf(fields['bytes-down'])]
  const what = [up && `${up} up`, down && `${down} down`, textOf(ended), textOf(error)]
  return `${who} used ${place}${took(fields, ' for ')}: ${what.filter(Boolean).join(', ')}`
}

/** `GET /.pomerium/ from 203.0.113.9: 200 in 12ms, 4.1 KiB` */
function sayPage(fields: LogFields): string {
  const who = whoOf(fields)
  const asked = [nameOf(fields['method']), nameOf(fields['path']), from(fields), who && `by ${who}`]
  const answer = `${textOf(fields['response-code'])}${took(fields, ' in ')}`
  const rest = [answer, bytesOf(fields['size']), textOf(fields['error'])]
  return `${asked.filter(Boolean).join(' ')}: ${rest.filter(Boolean).join(', ')}`
}

/** `mallory@example.com may not use ssh (ssh.example.com:22) from 203.0.113.9: allowed by user-ok, denied by email-ok` */
function sayDecision(fields: LogFields): string {
  const { allow, deny } = fields
  const isAllowed = allow === true && deny === false
  const reasons = (side: string): string =>
    [fields[`${side}-why-true`], fields[`${side}-why-false`]].flat().filter(Boolean).join(' ')
  const [toAllow, toDeny] = [reasons('allow'), reasons('deny')]
  const why = [
    toAllow && `${allow === true ? 'allowed by' : 'not allowed:'} ${toAllow}`,
    deny === true && `denied by ${toDeny}`,
  ].filter(Boolean)
  const place = [placeOf(fields, 'host'), from(fields)].filter(Boolean).join(' ')
  const verb = isAllowed ? 'may use' : 'may not use'
  const again = fields['re-check'] === true ? ' any more' : ''
  return `${whoOf(fields) ?? 'somebody'} ${verb} ${place}${isAllowed ? '' : again}: ${why.join(', ')}`
}

function whoOf(fields: LogFields): string | undefined {
  const account = nameOf(fields['service-account-id'])
  const known = nameOf(fields['email']) || nameOf(fields['user'])
  return known || (account && `service account ${account}`) || undefined
}

/** The route, and what was asked for where its name does not say that. */
function placeOf(fields: LogFields, name: 'authority' | 'host'): string {
  const [route, asked] = [nameOf(fields['route']), nameOf(fields[name])]
  if (route === '' || route === asked) return asked
  return asked === '' ? route : `${route} (${asked})`
}

function from(fields: LogFields): string {
  const ip = nameOf(fields['ip'])
  return ip === '' ? '' : `from ${ip}`
}

function answerOf(fields: LogFields): string {
  const code = textOf(fields['response-code'])
  return code === '' ? '' : `(${code})`
}

function took(fields: LogFields, word: string): string {
  const ms = fields['duration']
  if (typeof ms !== 'number') return ''
  return `${word}${formatDuration(ms)}`
}

function bytesOf(value: unknown): string {
  return typeof value === 'number' ? sayBytes(value) : ''
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** What others chose: none of it reads as a word of the sentence. */
function nameOf(value: unknown): string {
  return quoteValue(textOf(value))
}
