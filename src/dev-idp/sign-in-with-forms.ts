import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { RequestOptions } from 'node:https'
import { PeerError } from '../errors.ts'
import { createCookieJar } from './cookie-jar.ts'
import type { CookieJar } from './cookie-jar.ts'

const maxSteps = 30
const maxBodyBytes = 1_048_576
const stepTimeoutMs = 15_000

export interface SignInOptions {
  /** Given to every request, such as `{ ca }` to verify a self-made certificate, or `lookup`. */
  readonly request?: Pick<RequestOptions, 'ca' | 'lookup' | 'rejectUnauthorized' | 'servername'>
  /** The browser's cookies: pass the same one again to come back as the same browser. */
  readonly jar?: CookieJar
  /** Stops before calling a URL and answers with it; everything is called when absent. */
  readonly stopBefore?: (url: URL) => boolean
}

/** Who fills the form: an email the page knows, and a password where the page asks for one. */
export interface SignInPerson {
  readonly email: string
  readonly password?: string
}

/** Where a sign-in ended. */
export interface SignInEnd {
  readonly url: URL
  /** Undefined when it stopped before calling `url`. */
  readonly status: number | undefined
  readonly body: string
  /** Every URL called, in order. */
  readonly visited: readonly URL[]
  /** How many forms were filled. */
  readonly forms: number
}

interface Step {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly form?: string | undefined
}

/**
 * Plays a browser that signs a person in: follows redirects with a cookie jar, fills the form of the
 * sample sign-in service, and calls the last redirect's target. Throws `PeerError` when an answer is
 * an error (status 400 or more) or when there are too many steps.
 */
export async function signInWithForms(
  start: string | URL,
  person: SignInPerson,
  options: SignInOptions = {},
): Promise<SignInEnd> {
  const jar = options.jar ?? createCookieJar()
  const visited: URL[] = []
  let forms = 0
  let step: Step = { method: 'GET', url: new URL(start) }
  while (visited.length < maxSteps) {
    const { url } = step
    if (options.stopBefore?.(url)) return { url, status: undefined, body: '', visited, forms }
    visited.push(url)
    const answer = await send(step, jar, options)
    const next = nextStep(url, answer, person)
    if (!next) return { url, status: answer.status, body: answer.body, visited, forms }
    if (next.form !== undefined) forms += 1
    step = next
  }
  throw new PeerError('too-many-redirects', `the sign-in took more than ${maxSteps} steps`)
}

function nextStep(url: URL, answer: Answer, person: SignInPerson): Step | undefined {
  const { status, headers, body } = answer
  if (status >= 300 && status < 400 && headers.location !== undefined) {
    return { method: 'GET', url: new URL(headers.location, url) }
  }
  if (status >= 400) {
    const where = `${url.origin}${url.pathname}`
    throw new PeerError('sign-in-failed', `"${where}" answered ${status}, expected a sign-in page`)
  }
  const form = /<form\b[^>]*\baction="([^"]*)"[^>]*>(.*?)<\/form>/s.exec(body)
  if (!form || !/\bname="email"/.test(form[2] ?? '')) return undefined
  const fields = new URLSearchParams({ email: person.email })
  if (person.password !== undefined) fields.set('password', person.password)
  const action = (form[1] ?? '').replaceAll('&amp;', '&')
  return { method: 'POST', url: new URL(action, url), form: fields.toString() }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

function send(step: Step, jar: CookieJar, options: SignInOptions): Promise<Answer> {
  const { url, method, form } = step
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  const cookie = jar.header(url)
  const headers = {
    accept: 'text/html,*/*;q=0.8',
    ...(cookie !== undefined && { cookie }),
    ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
  }
  return new Promise((resolve, reject) => {
    // No pooled connections: a server under test can close without waiting for us.
    const sent = request(url, { ...options.request, method, headers, agent: false }, (response) => {
      jar.store(url, response.headers['set-cookie'] ?? [])
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        if (body.length < maxBodyBytes) body += text
      })
      response.once('error', reject)
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      })
    })
    sent.setTimeout(stepTimeoutMs, () => {
      sent.destroy(new PeerError('timeout', `no answer from "${url.origin}"`))
    })
    sent.once('error', reject)
    sent.end(form)
  })
}
