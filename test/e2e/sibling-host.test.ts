import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { get } from 'node:https'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { createCookieJar } from '../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import { startCorpHosts, target, type CorpHosts } from './corp-hosts.ts'
import { peerTest } from './peers.ts'
import { exchange } from './person.ts'
import { alice, bob } from './rig.ts'

const here: LookupFunction = (_, options, done) => {
  if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}

/** The cookies of a browser in which somebody is signed in, as `NAME=VALUE`. */
async function cookiesOf({ rig, origin }: CorpHosts, email: string): Promise<string[]> {
  const jar = createCookieJar()
  const request = { ca: rig.ca, lookup: here, servername: 'localhost' }
  await signInWithForms(`${origin}/.pomerium/sign_in`, { email }, { request, jar })
  return (jar.header(new URL(origin)) ?? '').split('; ')
}

/** Whose sessions there are besides those of the cookies above. */
async function peopleOf({ rig }: CorpHosts): Promise<string[]> {
  const { output } = await rig.postern('gateway', 'sessions', 'list', '--json')
  const { sessions } = JSON.parse(output) as { sessions: { email: string }[] }
  return sessions.map(({ email }) => email).sort()
}

/** The ways in which a sibling host can try to set a cookie of somebody else's browser, each once. */
function setCookies(pairs: readonly string[], prefixes: readonly string[]): string[] {
  return pairs.flatMap((pair) => {
    const plain = pair.replace('__Host-', '')
    const names = prefixes.map((prefix) => `${prefix}${plain}`)
    return [...names, `_pomerium${pair.slice(pair.indexOf('='))}`].map(
      (cookie) => `${cookie}; Domain=corp.test; Path=/.pomerium; Secure`,
    )
  })
}

/** The last has no name to a browser, and the rest is its value. */
const prefixes = ['__Host-', '__HOST-', '__Secure-', '', '=__Host-']
/** No prefix to a browser: a blank beyond ASCII comes before it, as one byte and as three. */
const blankPrefixes = ['\u00a0', Buffer.from('\u2000').toString('latin1')].map(
  (blank) => `${blank}__Host-`,
)

describe('a host beside the gateway', () => {
  peerTest('cannot make a client sign in as somebody else', ['Chromium'], async (scope) => {
    const corp = await startCorpHosts(scope)
    const { person, browser, sibling } = corp
    const cookies = await cookiesOf(corp, bob)
    const bobs = await peopleOf(corp)
    corp.serve(({ url }, response) => {
      const planted = setCookies(cookies, url === '/blank' ? blankPrefixes : prefixes)
      response
        .writeHead(200, { 'set-cookie': planted, 'content-type': 'text/html' })
        .end('<title>hello</title>')
    })
    const { page } = browser
    await page.goto(sibling)
    // It did reach the gateway's host, for what that is worth.
    const kept = await browser.context.cookies(`${corp.origin}/.pomerium/sign_in`)
    assert.ok(kept.some(({ name }) => name === 'postern'))
    assert.ok(!kept.some(({ name }) => /^__host-/i.test(name)))
    await page.goto(`${sibling}/blank`)
    const more = await browser.context.cookies(`${corp.origin}/.pomerium/sign_in`)
    assert.ok(more.length > kept.length, 'it keeps those as well')

    const local = await person.listen(target, '--browser-cmd', '/bin/true')
    const socket = await local.connect()
    const [, url = ''] = await local.child.says(/sign in at:\n\n {2}(\S+)\n/)
    await page.goto(url)
    await page.getByRole('button', { name: 'Alice Adams' }).click()
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
    assert.equal(await exchange(socket, 'hello'), 'hello')
    assert.deepEqual(await peopleOf(corp), [alice, ...bobs])
    assert.equal(await emailOf(corp), alice)

    // Nor take over somebody who is signed in: their own cookie stays the only one that counts.
    await page.goto(sibling)
    await page.goto(`${corp.origin}/.pomerium/`)
    await page.getByText(alice).first().waitFor()
  })
})

/** Whose token the client has. */
async function emailOf({ rig, person }: CorpHosts): Promise<unknown> {
  const folder = join(person.home, '.cache', 'postern', 'tokens')
  const [name = ''] = await readdir(folder)
  const token = (await readFile(join(folder, name), 'utf8')).trim()
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Pomerium ${token}`, accept: 'application/json' }
    const url = `${rig.origin}/.pomerium/user`
    get(url, { ca: rig.ca, headers, agent: false, lookup: here }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve((JSON.parse(text) as { email: string }).email))
    }).on('error', reject)
  })
}
