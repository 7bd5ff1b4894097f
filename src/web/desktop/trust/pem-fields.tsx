import { Button, Group, Textarea } from '@mantine/core'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { words } from '../words.ts'
import type { TrustFieldsProps } from './trust-form.ts'

const CertificateDialog = lazy(() => import('./certificate-dialog.tsx'))
const { form: said } = words

/** A client certificate as text. Its key is typed here and never read again. */
export function PemFields(props: Omit<TrustFieldsProps, 'storeFilter'>): ReactNode {
  const { form, change, faultOf, hasKey = false } = props
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Textarea
        label={said.certText}
        error={faultOf('client_cert')}
        rows={3}
        className="pem"
        spellCheck={false}
        value={form.certText}
        onChange={({ currentTarget }) => change({ certText: currentTarget.value })}
      />
      <Textarea
        label={said.keyText}
        description={hasKey ? said.keyKept : said.keyNotKept}
        error={faultOf('client_key')}
        rows={3}
        className="pem"
        spellCheck={false}
        autoComplete="off"
        value={form.keyText}
        onChange={({ currentTarget }) => change({ keyText: currentTarget.value })}
      />
      <Group gap="sm">
        <Button
          variant="default"
          size="compact-sm"
          disabled={form.certText.trim() === ''}
          onClick={() => setOpen(true)}
        >
          {said.details}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          onClick={() => change({ client: 'none', certText: '', keyText: '' })}
        >
          {said.removeCertificate}
        </Button>
      </Group>
      {isOpen && (
        <Suspense>
          <CertificateDialog pem={form.certText} close={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
