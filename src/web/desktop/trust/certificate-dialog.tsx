import { Text } from '@mantine/core'
import { useMemo, type ReactNode } from 'react'
import { Dialog } from '../../ui/dialog.tsx'
import { formatMoment } from '../../ui/format.ts'
import { Facts } from '../facts.tsx'
import { words } from '../words.ts'
import { readCertificate, type CertificateDetails } from './certificate.ts'

const { certificate: said } = words

export interface CertificateDialogProps {
  readonly pem: string
  readonly close: () => void
}

/** What a pasted certificate says. */
export default function CertificateDialog({ pem, close }: CertificateDialogProps): ReactNode {
  const details = useMemo(() => readCertificate(pem), [pem])
  return (
    <Dialog opened onClose={close} title={said.title}>
      {details === undefined ? <Text>{said.unreadable}</Text> : <Facts facts={factsOf(details)} />}
    </Dialog>
  )
}

function factsOf(details: CertificateDetails): readonly (readonly [string, string])[] {
  const { subject, issuer, serial, names, notBefore, notAfter } = details
  const end = formatMoment(notAfter)
  return [
    [said.subject, subject],
    [said.issuer, issuer],
    [said.serial, serial],
    [said.names, names.length === 0 ? said.noNames : names.join(', ')],
    [said.from, formatMoment(notBefore)],
    [said.until, notAfter.getTime() < Date.now() ? `${end} (${said.expired})` : end],
  ]
}
