import { CertID, OCSPRequest, Request, TBSRequest } from '@peculiar/asn1-ocsp'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { certificateIdOf, sha1 } from './certificate-id.ts'
import type { StapledCertificate } from './must-staple.ts'

/** The question how a certificate stands, in DER (RFC 6960 §4.1.1): without a nonce, so that its answer can be handed on. */
export function createOcspRequest(certificate: StapledCertificate): Buffer {
  const { issuerNameHash, issuerKeyHash, serialNumber } = certificateIdOf(certificate, 'sha1')
  const reqCert = new CertID({
    issuerNameHash: new OctetString(issuerNameHash),
    issuerKeyHash: new OctetString(issuerKeyHash),
    serialNumber: Uint8Array.from(serialNumber).buffer,
  })
  Object.assign(reqCert.hashAlgorithm, { algorithm: sha1, parameters: null })
  const tbsRequest = new TBSRequest({ requestList: [new Request({ reqCert })] })
  return Buffer.from(AsnConvert.serialize(new OCSPRequest({ tbsRequest })))
}
