// A sign-in service in a process of its own, for a test whose gateway is on a machine of its own: PORT, CLIENT SECRET, REDIRECT.
import { startDevIdp } from '../../src/dev-idp/dev-idp.ts'

const [port, clientSecret = '', redirect = ''] = process.argv.slice(2)
const idp = await startDevIdp({
  people: [{ id: 'u-ann', email: 'ann@example.com', name: 'Ann', groups: [] }],
  port: Number(port),
  clientSecret,
  redirectUris: [redirect],
})
process.stdout.write(`ready at ${idp.issuer.href}\n`)
