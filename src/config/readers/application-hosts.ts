import type { Certificate } from '../../port/tls-contexts.ts'
import { applicationPort } from '../../routes/application-port.ts'
import { parseApplication } from '../../routes/parse-application.ts'
import type { Source } from '../source/source.ts'
import { coversHost } from './certificates.ts'

/**
 * Looks at the host names of applications beside what else the gateway answers to: its own host is none, and a
 * name that no certificate is for is reached by nobody.
 */
export function checkApplicationHosts(
  { settings, findings }: Source,
  certificates: readonly Certificate[],
): void {
  const ownHost = settings.values.authenticate_service_url?.hostname
  for (const [index, plain] of (settings.values.access ?? []).entries()) {
    const { from } = parseApplication(plain, { clientCertificates: 'policy' }).values
    const host = from?.targets.find(({ port }) => port === applicationPort)?.host
    if (host === undefined) continue
    const within = [index, 'hostname']
    if (host === ownHost) {
      const message = `"${host}" is the host of "authenticate_service_url", where people sign in`
      findings.problems.push(settings.problem('access', message, { within }))
    } else if (certificates.length > 0 && !coversHost(certificates, host.replace('*', 'name'))) {
      const message = `no certificate is for "${host}": clients will refuse it`
      findings.warnings.push(settings.problem('access', message, { within }))
    }
  }
}
