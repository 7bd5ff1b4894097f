import { timingSafeEqual, hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import type { InteractionResults } from 'oidc-provider'
import { PeerError } from '../errors.ts'
import { pageHeaders, signInPage } from './pages.ts'
import type { DevIdpPerson, People } from './people.ts'

const maxFormBytes = 8192

export interface SignInParts {
  readonly provider: Provider
  readonly people: People
  readonly asksNothing: boolean | string
}

/** Serves the page of one authorization request: shows it, and takes the form it sends. */
export async function serveSignIn(
  parts: SignInParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { provider, people } = parts
  const { params } = await provider.interactionDetails(req, res)
  const unasked = personWithoutAsking(parts, params['login_hint'])
  if (unasked) return finish(provider, req, res, loginOf(unasked))
  const show = (status: number, problem?: string): void => {
    res.writeHead(status, pageHeaders).end(signInPage(people.list(), req.url ?? '', problem))
  }
  if (req.method !== 'POST') return show(200)
  const form = await readForm(req)
  if (form.has('cancel')) return finish(provider, req, res, cancelled)
  const person = people.find(form.get('email') ?? '')
  if (!person || !passwordFits(person, form.get('password') ?? '')) {
    return show(403, 'No such person, or a wrong password.')
  }
  return finish(provider, req, res, loginOf(person))
}

const cancelled: InteractionResults = {
  error: 'access_denied',
  error_description: 'the sign-in was cancelled',
}

function loginOf(person: DevIdpPerson): InteractionResults {
  return { login: { accountId: person.id } }
}

async function finish(
  provider: Provider,
  req: IncomingMessage,
  res: ServerResponse,
  result: InteractionResults,
): Promise<void> {
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false })
}

function personWithoutAsking(
  { people, asksNothing }: SignInParts,
  loginHint: unknown,
): DevIdpPerson | undefined {
  if (asksNothing === false) return undefined
  const hinted = typeof loginHint === 'string' ? people.find(loginHint) : undefined
  const named = typeof asksNothing === 'string' ? people.find(asksNothing) : undefined
  return hinted ?? named ?? people.list()[0]
}

function passwordFits({ password }: DevIdpPerson, given: string): boolean {
  if (password === undefined) return true
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer')
  return timingSafeEqual(digest(password), digest(given))
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxFormBytes) {
      throw new PeerError('form-too-large', `the form is larger than ${maxFormBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
