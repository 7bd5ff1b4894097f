import type { Reason } from '../explain.ts'
import { certificateWords } from './client-certificate.ts'
import { aboutClientCertificate, type Criterion } from './criterion.ts'

/** `invalid_client_certificate: true` — no certificate, or one that is not trusted; for `deny`. */
export const invalidClientCertificate: Criterion = {
  name: 'invalid_client_certificate',
  data: 'anything',
  doc: 'holds when the client shows no certificate that `downstream_mtls` trusts; for `deny`',
  reasons: [
    'invalid-client-certificate',
    'client-certificate-required',
    'valid-client-certificate',
  ],
  words: {
    found: ({ clientCertificate }) => certificateWords(clientCertificate),
    wanted: () => 'no client certificate that this gateway trusts',
  },
  parse: () =>
    aboutClientCertificate((certificate) => {
      const no = (reason: Reason) => ({ value: true, reasons: [reason] })
      if (certificate === undefined) return no('client-certificate-required')
      if (!certificate.isValid) return no('invalid-client-certificate')
      return { value: false, reasons: ['valid-client-certificate'] }
    }),
}
