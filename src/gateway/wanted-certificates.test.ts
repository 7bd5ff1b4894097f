import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCertificateAuthority } from '../net/certificate.ts'
import type { Site } from '../publish/site.ts'
import { wantedCertificates, type NamedHosts } from './wanted-certificates.ts'

const dns = {} as NonNullable<Site['dns']>
const site = (name: string, settings: Site['dns']): Site => ({
  name,
  publish: {} as Site['publish'],
  covers: () => true,
  dns: settings,
})

function names(hosts: Partial<NamedHosts>): readonly string[] {
  const none = { routes: [], sites: [], tunnels: [], signInHost: undefined, certificates: [] }
  return wantedCertificates({ ...none, ...hosts }).map(
    ({ name, zone }) => `${name}${zone === undefined ? '' : ' by DNS'}`,
  )
}

const routesOf = (...froms: readonly string[]) =>
  froms.map((from) => ({ from: `tcp+https://${from}` }))

test('every host by which clients come is wanted once', () => {
  const routes = routesOf('db.example.com:5432', 'db.example.com:22', 'ssh.example.com')
  const wanted = names({
    signInHost: 'auth.example.com',
    routes,
    tunnels: [{ hostnames: ['web.site.com'] }],
    sites: [site('site.com', undefined)],
  })
  const all = ['auth.example.com', 'db.example.com', 'ssh.example.com', 'web.site.com']
  assert.deepEqual(wanted, all)
})

test('in the extended form clients come to the gateway alone', () => {
  assert.deepEqual(names({ routes: routesOf('gw.example.com/db.internal:5432') }), [
    'gw.example.com',
  ])
})

test('where the gateway writes the zone one certificate serves all names of a site', () => {
  const wanted = names({
    routes: routesOf('*.site.com:22', 'deep.below.site.com:22', 'db.site.com:5432'),
    tunnels: [{ hostnames: ['web.site.com'] }],
    sites: [site('site.com', dns)],
  })
  assert.deepEqual(wanted, ['*.site.com by DNS', 'deep.below.site.com by DNS'])
})

test('addresses, patterns that nobody can prove, and names that have one are left out', async () => {
  const authority = await createCertificateAuthority()
  const certificates = [await authority.issue(['*.example.com', 'example.com'])]
  const routes = routesOf('db.example.com:1', 'example.com:1', '*.example.com:2', '192.0.2.1:1')
  assert.deepEqual(names({ routes, certificates }), [])
  assert.deepEqual(names({ routes: routesOf('*.example.com:1', 'db-*.example.com:1') }), [])
})
