import { request as httpsRequest } from 'node:https'
import type { RequestOptions } from 'node:https'
import { PeerError } from '../errors.ts'
import { createCookieJar } from './cookie-jar.ts'
import type { CookieJar } from './cookie-jar.ts'
import { nextStep, type Answer, type Decision, type SignInPerson, type Step } from './next-step.ts'

// `import … from 'node:http'` reads every export, and with them Node's whole fetch: half of what a browser of a test takes.
const { request: httpRequest } = process.getBuiltinModule('node:http')

export type { SignInPerson }

const maxSteps = 30
const maxBodyBytes = 1_048_576
const stepTimeoutMs = 15_000

export interface SignInOptions {
  /** Given to every request, such as `{ ca }` to verify a self-made certificate, or `lookup`. */
  readonly request?: Pick<RequestOptions, 'ca' | 'lookup' | 'rejectUnauthorized' | 'servername'>
  /** The browser's cookies: pass the same one again to come back as the same browser. */
  readonly jar?: CookieJar
  /**
   * Answers the page that asks whether a machine or a program may act for whoever signed in: its boxes are ticked, the last
   * choice is taken, and this button pressed. Absent: such a page is the end.
   */
  readonly decision?: Decision
  /** Stops before calling a URL and answers with it; everything is called when absent. */
  readonly stopBefore?: (url: URL) => boolean
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
  let isDecided = false
  let step: Step = { method: 'GET', url: new URL(start) }
  while (visited.length < maxSteps) {
    const { url } = step
    if (options.stopBefore?.(url)) return { url, status: undefined, body: '', visited, forms }
    visited.push(url)
    const answer = await send(step, jar, options)
    const next = nextStep({ url, answer, isDecided }, person, options)
    if (!next) return { url, status: answer.status, body: answer.body, visited, forms }
    if (next.form !== undefined) forms += 1
    isDecided ||= next.isDecision === true
    step = next
  }
  throw new PeerError('too-many-redirects', `the sign-in took more than ${maxSteps} steps`)
}

function send(step: Step, jar: CookieJar, options: SignInOptions): Promise<Answer> {
  const { url, method, form } = step
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  const cookie = jar.header(url)
  const headers = {
    accept: 'text/html,*/*;q=0.8',
    ...(cookie !== undefined && { cookie }),
    // As browsers send it with every form.
    ...(form !== undefined && {
      'content-type': 'application/x-www-form-urlencoded',
      origin: url.origin,
    }),
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
