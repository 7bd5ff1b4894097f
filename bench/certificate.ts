import { writeFileSync } from 'node:fs'

import { createCertificateAuthority } from '../src/net/certificate.ts'
import { serverName } from './endpoint.ts'
import type { Setting } from './target.ts'

/** Writes what targets show to `directory`; the certificate is for `serverName`, loopback and `addresses`. */
export async function writeCertificate(directory: string, ...addresses: readonly string[]) {
  const authority = await createCertificateAuthority({ name: 'Postern bench CA' })
  const { cert, key } = await authority.issue([serverName, '127.0.0.1', ...addresses])
  const files = {
    certFile: `${directory}/cert.pem`,
    keyFile: `${directory}/key.pem`,
    bundleFile: `${directory}/bundle.pem`,
    caFile: `${directory}/ca.pem`,
  } satisfies Partial<Setting>
  writeFileSync(files.certFile, cert)
  writeFileSync(files.keyFile, key, { mode: 0o600 })
  writeFileSync(files.bundleFile, cert + key, { mode: 0o600 })
  writeFileSync(files.caFile, authority.cert)
  return { ca: authority.cert, ...files }
}
