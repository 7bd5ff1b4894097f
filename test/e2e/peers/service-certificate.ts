import { chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateAuthority } from '../../../src/net/certificate.ts'
import type { Scope } from '../scope.ts'
import { serviceDirectory, serviceUser } from './service-user.ts'

/** What a service shows to its clients: neither the gateway nor the client of Postern has any of it. */
export interface ServiceCertificate {
  /** The authority's certificate, PEM: what the service's clients must trust. */
  readonly ca: string
  /** The service's certificate, PEM. */
  readonly cert: string
  readonly certFile: string
  /** Readable by the service user alone. */
  readonly keyFile: string
}

/** Makes an authority, and a certificate for a service of this name. */
export async function serviceCertificate(scope: Scope, name: string): Promise<ServiceCertificate> {
  const authority = await createCertificateAuthority({ name: `authority of ${name}` })
  const { cert, key } = await authority.issue([name])
  const directory = await serviceDirectory(scope)
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  await writeFile(certFile, cert)
  await writeFile(keyFile, key, { mode: 0o600 })
  const { uid, gid } = serviceUser()
  if (uid !== undefined && gid !== undefined) {
    await Promise.all([certFile, keyFile].map((path) => chown(path, uid, gid)))
  }
  return { ca: authority.cert, cert, certFile, keyFile }
}
