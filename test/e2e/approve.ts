import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { createCookieJar } from '../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import type { GatewayRig } from './rig.ts'

/**
 * Plays a browser in which somebody opens the address of a device code, signs in, ticks the box and
 * presses a button. Resolves to the page at the end.
 */
export async function decideAboutDevice(
  rig: Pick<GatewayRig, 'origin' | 'ca'>,
  address: string,
  email: string,
  decision: 'approve' | 'deny',
): Promise<string> {
  const jar = createCookieJar()
  const options = { jar, request: { ca: rig.ca } }
  const { url, body: question } = await signInWithForms(address, { email }, options)
  const fields = [...question.matchAll(/<input\s[^>]*name="([^"]+)"\s+value="([^"]*)"/g)]
  const form = new URLSearchParams(fields.map(([, name = '', value = '']) => [name, value]))
  form.set('decision', decision)
  const action = /<form method="post" action="([^"]+)"/.exec(question)?.[1] ?? ''
  const outgoing = request(new URL(action, url), {
    method: 'POST',
    ca: rig.ca,
    agent: false,
    headers: {
      cookie: jar.header(url) ?? '',
      origin: rig.origin,
      'content-type': 'application/x-www-form-urlencoded',
    },
  })
  outgoing.end(form.toString())
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
  jar.store(url, answer.headers['set-cookie'] ?? [])
  const next = /^0; url=(.*)$/.exec(String(answer.headers['refresh']))?.[1]
  if (next === undefined) return Buffer.concat(chunks).toString()
  return (await signInWithForms(next, { email }, options)).body
}
