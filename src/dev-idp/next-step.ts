import type { IncomingHttpHeaders } from 'node:http'
import { PeerError } from '../errors.ts'

/** Who fills the form: an email the page knows, and a password where the page asks for one. */
export interface SignInPerson {
  readonly email: string
  readonly password?: string
}

/** The button that is pressed on a page that asks. */
export type Decision = 'approve' | 'deny'

/** A request that a browser makes next. */
export interface Step {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly form?: string | undefined
  /** It answers the question that a page asks. */
  readonly isDecision?: boolean
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a browser shows. */
export interface Shown {
  readonly url: URL
  readonly answer: Answer
  /** Whether a button was pressed before. */
  readonly isDecided: boolean
}

/** Where a person goes from there; undefined at the end. Throws `PeerError` for a status of 400 or more. */
export function nextStep(
  shown: Shown,
  person: SignInPerson,
  options: { readonly decision?: Decision },
): Step | undefined {
  const { status, headers } = shown.answer
  if (status >= 300 && status < 400 && headers.location !== undefined)
    return { method: 'GET', url: new URL(headers.location, shown.url) }
  if (status >= 400) {
    const where = `${shown.url.origin}${shown.url.pathname}`
    throw new PeerError('sign-in-failed', `"${where}" answered ${status}, expected a sign-in page`)
  }
  if (shown.isDecided) return emailStep(shown, person) ?? onwardStep(shown)
  return emailStep(shown, person) ?? decisionStep(shown, options.decision)
}

function emailStep(shown: Shown, { email, password }: SignInPerson): Step | undefined {
  const form = formOf(shown)
  // Keycloak has a user name in its place.
  const [, field] = /\bname="(email|username)"/.exec(form?.html ?? '') ?? []
  if (!form || field === undefined) return undefined
  const fields = new URLSearchParams({ [field]: email })
  if (password !== undefined) fields.set('password', password)
  return { method: 'POST', url: form.action, form: fields.toString() }
}

function decisionStep(shown: Shown, decision: Decision | undefined): Step | undefined {
  const form = decision && formOf(shown)
  if (!form || !/<button\b[^>]*\bname="decision"/.test(form.html)) return undefined
  const inputs = form.html.matchAll(/<input\b[^>]*\bname="([^"]+)"\s+value="([^"]*)"/g)
  const fields = new URLSearchParams()
  for (const [, name = '', value = ''] of inputs) fields.set(name, plain(value))
  fields.set('decision', decision)
  return { method: 'POST', url: form.action, form: fields.toString(), isDecision: true }
}

/** A page that leads on by itself. */
function onwardStep({ url, answer }: Shown): Step | undefined {
  const next = /^0; url=(.*)$/.exec(String(answer.headers['refresh']))?.[1]
  return next === undefined ? undefined : { method: 'GET', url: new URL(next, url) }
}

interface Form {
  readonly action: URL
  readonly html: string
}

function formOf({ url, answer }: Shown): Form | undefined {
  const [, action, html] =
    /<form\b[^>]*\baction="([^"]*)"[^>]*>(.*?)<\/form>/s.exec(answer.body) ?? []
  if (action === undefined || html === undefined) return undefined
  return { action: new URL(plain(action), url), html }
}

function plain(attribute: string): string {
  return attribute.replaceAll('&amp;', '&')
}
