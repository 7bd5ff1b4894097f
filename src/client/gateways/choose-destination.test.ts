import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { chooseDestination } from './choose-destination.ts'
import type { DestinationSources } from './destination-sources.ts'
import { chosen, namedGateway } from './choose-gateway.ts'
import type { KeptRoute } from './kept-routes.ts'
import { noGateways, type KnownGateways } from './known-gateway.ts'

const known = (name: string, url: string, ...knownNames: string[]) => ({ name, url, knownNames })
const work = known('work', 'https://work.example.com', 'https://ssh.example.com')
const lab = known('lab', 'https://lab.example.org:8443')
const two: KnownGateways = { gateways: [lab, work], defaultName: 'work' }

const route = (name: string, place: string): KeptRoute => ({
  id: name,
  name,
  type: 'tcp',
  from: `tcp+https://${place}`,
})
const workRoutes = [
  route('orders-db', 'db.corp:5432'),
  route('both', 'both.corp:1'),
  route('twice', 'a.corp:22'),
  route('twice', 'b.corp:22'),
  route('many', '*.lab.corp:22'),
  route('any-port', 'any.corp'),
  route('several', 'gw/a.corp:1/b.corp:2'),
  { ...route('page', 'x'), from: 'https://page.corp' },
]
const labRoutes = [route('printer', 'printer.lab:9100'), route('both', 'both.lab:1')]

/** What is asked, and what the answer is by then. */
function sources(
  all: KnownGateways,
  more: Partial<DestinationSources> & { readonly now?: readonly KeptRoute[] } = {},
) {
  const asked: string[] = []
  const kept: Partial<Record<string, readonly KeptRoute[]>> = {
    [work.url]: workRoutes,
    [lab.url]: labRoutes,
  }
  const made: DestinationSources = {
    all,
    named: undefined,
    keptRoutes: (origin) => Promise.resolve(kept[origin]),
    askRoutes({ gateway }) {
      asked.push(gateway.origin)
      return Promise.resolve(more.now ?? [])
    },
    ...more,
  }
  return { made, asked }
}

async function reached(text: string, all = two, more = {}): Promise<string> {
  const { authority, gateway } = await chooseDestination(text, sources(all, more).made)
  return `${authority} at ${gateway.origin}`
}

describe('which gateway is asked for a destination', () => {
  test('without a remembered one it is the own host, and a name is no destination', async () => {
    assert.equal(await reached('db.corp:5432', noGateways), 'db.corp:5432 at https://db.corp')
    await assert.rejects(reached('orders-db', noGateways), { code: 'invalid-destination' })
  })

  test('what is named comes first, then what the destination says itself', async () => {
    const named = chosen(lab)
    for (const text of ['db.corp:5432', 'https://other.test/db.corp:5432', 'work.example.com:1'])
      assert.match(await reached(text, two, { named }), / at https:\/\/lab\.example\.org:8443$/)
    assert.equal(await reached('https://other.test/a:1'), 'a:1 at https://other.test')
    assert.equal(await reached('http://localhost:1'), 'localhost:1 at http://localhost')
  })

  test('what the environment names comes behind what the destination says itself', async () => {
    const usual = chosen(lab)
    for (const text of ['db.corp:5432', 'work.example.com:1', 'printer'])
      assert.match(await reached(text, two, { usual }), / at https:\/\/lab\.example\.org:8443$/)
    assert.equal(
      await reached('https://other.test/a:1', two, { usual }),
      'a:1 at https://other.test',
    )
    assert.match(await reached('a:1', two, { usual, named: chosen(work) }), /work\.example/)
  })

  test('then the host of a remembered one, its other names included, then its routes, then the default', async () => {
    assert.equal(await reached('lab.example.org:22'), `lab.example.org:22 at ${lab.url}`)
    assert.equal(await reached('ssh.example.com:22'), `ssh.example.com:22 at ${work.url}`)
    assert.equal(await reached('https://ssh.example.com/a:1'), `a:1 at ${work.url}`)
    assert.equal(await reached('printer.lab:9100'), `printer.lab:9100 at ${lab.url}`)
    assert.equal(await reached('printer.lab:22'), `printer.lab:22 at ${work.url}`)
    assert.equal(await reached('nobody.knows:1'), `nobody.knows:1 at ${work.url}`)
  })

  test('where the default one is not for everything, an unknown host is asked itself', async () => {
    const more = { otherwise: 'own-host' }
    assert.equal(await reached('x.corp:443', two, more), 'x.corp:443 at https://x.corp')
    assert.equal(await reached('db.corp:5432', two, more), `db.corp:5432 at ${work.url}`)
    assert.equal(await reached('a.lab.corp:22', two, more), `a.lab.corp:22 at ${work.url}`)
    assert.equal(await reached('lab.corp:22', two, more), 'lab.corp:22 at https://lab.corp')
    assert.equal(await reached('any.corp:7', two, more), `any.corp:7 at ${work.url}`)
  })

  test('without a default one, the routes decide or the own host', async () => {
    const all = { ...two, defaultName: undefined }
    assert.equal(await reached('printer.lab:9100', all), `printer.lab:9100 at ${lab.url}`)
    assert.equal(await reached('x.corp:1', all), 'x.corp:1 at https://x.corp')
    await assert.rejects(reached('printer', all), { code: 'gateway-missing' })
  })

  test('a name is looked for where it is meant, without asking anybody', async () => {
    const { made, asked } = sources(two)
    for (const [name, authority, origin] of [
      ['orders-db', 'db.corp:5432', work.url],
      ['printer', 'printer.lab:9100', lab.url],
      // What another gateway lists never takes the place of what the default one does.
      ['both', 'both.corp:1', work.url],
    ] as const) {
      const found = await chooseDestination(name, made)
      assert.deepEqual([found.authority, found.gateway.origin], [authority, origin])
    }
    assert.deepEqual(asked, [])
  })

  test('a name that is not known is asked for once, at the gateway that is meant alone', async () => {
    const { made, asked } = sources(two, { now: [route('new', 'new.corp:5')] })
    assert.equal((await chooseDestination('new', made)).authority, 'new.corp:5')
    await assert.rejects(chooseDestination('nwe', made), { code: 'route-unknown', hint: /"new"/ })
    assert.deepEqual(asked, [work.url, work.url])
    const named = await namedGateway('lab', two)
    await assert.rejects(chooseDestination('orders-db', sources(two, { named }).made), {
      code: 'route-unknown',
      message: /"lab"/,
    })
  })

  test('a name that says too little is an error with what to write', async () => {
    await assert.rejects(reached('twice'), {
      code: 'route-ambiguous',
      hint: /"a.corp:22", "b.corp:22"/,
    })
    await assert.rejects(reached('several'), { code: 'route-ambiguous', hint: /"a.corp:1"/ })
    await assert.rejects(reached('many'), { code: 'route-ambiguous', hint: /"\*\.lab\.corp:22"/ })
    await assert.rejects(reached('any-port'), { code: 'route-ambiguous', hint: /any.corp:PORT/ })
    await assert.rejects(reached('page'), { code: 'route-unsupported' })
  })

  test('an address with a slip in it is no name, and nobody is asked', async () => {
    const { made, asked } = sources(two)
    for (const text of [
      'db.corp:',
      'db.corp:99999',
      'ftp://db.corp:21',
      'a/b:1',
      'db\u001b[2J',
      'a?b',
    ])
      await assert.rejects(chooseDestination(text, made), { code: 'invalid-destination' }, text)
    assert.deepEqual(asked, [])
  })
})

describe('a gateway that is named', () => {
  test('is a remembered one by its name, or an address, which may be one of several', async () => {
    const origin = async (text: string) => (await namedGateway(text, two)).gateway.origin
    assert.equal(await origin('lab'), lab.url)
    assert.equal(await origin('ssh.example.com'), work.url)
    assert.equal(await origin('lab.example.org:8443'), lab.url)
    assert.equal(await origin('lab.example.org'), 'https://lab.example.org')
    assert.equal(await origin('other:8443'), 'https://other:8443')
    assert.equal(await origin('localhost'), 'https://localhost')
  })

  test('is not nearly one', async () => {
    await assert.rejects(namedGateway('wrok', two), { code: 'gateway-unknown', hint: /"work"/ })
    assert.equal((await namedGateway('https://wrok', two)).gateway.origin, 'https://wrok')
    for (const text of ['', 'a b', 'work\u001b', 'https://'])
      await assert.rejects(namedGateway(text, two), { code: 'invalid-gateway-url' })
  })

  test('is reached at its own address', () => {
    assert.deepEqual(chosen(lab).gateway, parseGatewayUrl(lab.url))
  })
})
