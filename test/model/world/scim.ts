import type { Identity } from '../../../src/identity/identity.ts'
import type { PageApp } from '../../../src/pages/answers/page-app.ts'
import { gatewayPaths } from '../../../src/tunnel/paths.ts'

/** A write of the company's directory; resolves to the id of what was written. Rejects where it is refused. */
export type AskScim = (method: string, path: string, body?: object) => Promise<string>

/** The service account that may write. */
export const companyAccount = 'directory'

/** Makes the credential of the company's directory, and whoever writes with it. */
export async function openScim(
  { serviceAccounts }: Pick<Identity, 'serviceAccounts'>,
  app: PageApp,
): Promise<AskScim> {
  const { credential } = await serviceAccounts.create({
    id: companyAccount,
    description: '',
    format: 'jwt',
    expiresAtMs: undefined,
  })
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/scim+json' }
  const client = { ip: '192.0.2.100', endpoints: undefined, certificate: undefined }
  return async (method, path, body) => {
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
    const answer = await app.request(gatewayPaths.scim + path, init, { requestId: 'scim', client })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} is refused with ${answer.status}: ${text}`)
    return text === '' ? '' : (JSON.parse(text) as { readonly id: string }).id
  }
}
