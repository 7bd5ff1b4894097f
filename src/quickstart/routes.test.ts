import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { loadConfig } from '../config/load.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { publishedNames } from './applications.ts'
import { fileNames, formatConfigFile } from './config-file.ts'
import { makeFolder } from './folder.ts'
import { sampleRoutes } from './routes.ts'

const ports = { echo: 4001, ssh: 4002, postgres: 4003 }

test('a service of the user is named by its port, the second on the same port by a number more', () => {
  const own = [
    { host: '127.0.0.1', port: 5432 },
    { host: '10.0.0.1', port: 5432 },
    { host: '::1', port: 22 },
  ]
  const authorities = sampleRoutes(ports, own).map(({ authority }) => authority)
  assert.deepEqual(authorities.slice(3), [
    'service-5432.example.localhost:5432',
    'service-5432-2.example.localhost:5432',
    'service-22.example.localhost:22',
  ])
})

test('who may use a route is said with names', () => {
  const audiences = sampleRoutes(ports, []).map(({ audience }) => audience)
  assert.deepEqual(audiences, [
    'everybody who has signed in',
    'group engineering (Alice, Carol)',
    'group dba (Carol); others may ask for an hour, in the portal or by "postern request"',
  ])
})

test('the configuration file is one that the gateway takes as it is', async () => {
  using folder = makeFolder()
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['localhost', ...publishedNames])
  await folder.write(fileNames.certificate, cert)
  await folder.write(fileNames.certificateKey, key)
  const text = formatConfigFile({
    port: 8443,
    provider: {
      issuer: new URL('http://127.0.0.1:4000'),
      clientId: 'postern',
      clientSecret: 'a secret: with "yaml" in it',
    },
    routes: sampleRoutes(ports, [{ host: '::1', port: 22 }]),
  })
  await writeFile(folder.join(fileNames.config), text, { mode: 0o600 })
  const { config, warnings } = await loadConfig({ path: folder.join(fileNames.config), env: {} })
  assert.deepEqual(config.address, { host: '127.0.0.1', port: 8443 })
  assert.equal(config.stateDirectory, folder.join('state'))
  assert.equal(config.identityProviders[0]?.clientSecret, 'a secret: with "yaml" in it')
  // What is said of it: others may ask in the portal, which shows them no route that is not listed.
  const asked = config.routes.filter(({ approval }) => approval !== undefined)
  assert.deepEqual(
    asked.map(({ name, isListed }) => [name, isListed]),
    [['PostgreSQL', true]],
  )
  const applications = config.routes.filter(({ isApplication }) => isApplication)
  assert.equal(config.routes.length, 4 + applications.length)
  // None has an address: the connector alone knows it.
  assert.deepEqual(
    applications.map(({ from, way }) => [from, way]),
    [
      [
        'tcp+https://tcp.example.localhost:443',
        { kind: 'connector', tunnel: 'sample', service: undefined },
      ],
      [
        'tcp+https://mine.example.localhost:443',
        { kind: 'connector', tunnel: undefined, service: undefined },
      ],
    ],
  )
  assert.equal(config.sites[0]?.covers('mine.example.localhost'), true)
  assert.deepEqual(
    warnings.map(({ path }) => path),
    ['idp_provider_url'],
  )
})
