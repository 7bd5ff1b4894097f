import { SegmentedControl, Stack, Switch, Text, TextInput, Textarea } from '@mantine/core'
import '@mantine/core/styles/FloatingIndicator.css'
import '@mantine/core/styles/SegmentedControl.css'
import { useId, type ReactNode } from 'react'
import { words } from '../words.ts'
import { PemFields } from './pem-fields.tsx'
import type { ClientSource, TrustFieldsProps } from './trust-form.ts'

const { form: said } = words

/** Whom to trust, and what to show: certificate authorities, and a client certificate. */
export function TrustFields(props: TrustFieldsProps): ReactNode {
  const { form, change, faultOf, hasKey = false, storeFilter } = props
  return (
    <Stack gap="md">
      <Switch
        label={said.disableTls}
        description={said.disableTlsHint}
        checked={form.disableTls}
        onChange={({ currentTarget }) => change({ disableTls: currentTarget.checked })}
      />
      <TextInput
        label={said.caFile}
        description={said.caFileHint}
        error={faultOf('ca_file')}
        value={form.caFile}
        onChange={({ currentTarget }) => change({ caFile: currentTarget.value })}
      />
      <Textarea
        label={said.caText}
        description={said.caTextHint}
        error={faultOf('ca_cert')}
        rows={3}
        className="pem"
        spellCheck={false}
        value={form.caText}
        onChange={({ currentTarget }) => change({ caText: currentTarget.value })}
      />
      <ClientChoice
        value={form.client}
        hasStore={storeFilter !== undefined}
        choose={(client) => change({ client })}
      />
      {form.client === 'store' && <Text c="dimmed">{said.clientStoreHint(storeFilter ?? '')}</Text>}
      {form.client === 'files' && (
        <>
          <TextInput
            label={said.certFile}
            error={faultOf('client_cert_file')}
            value={form.certFile}
            onChange={({ currentTarget }) => change({ certFile: currentTarget.value })}
          />
          <TextInput
            label={said.keyFile}
            error={faultOf('client_key_file')}
            value={form.keyFile}
            onChange={({ currentTarget }) => change({ keyFile: currentTarget.value })}
          />
        </>
      )}
      {form.client === 'text' && (
        <PemFields form={form} change={change} faultOf={faultOf} hasKey={hasKey} />
      )}
    </Stack>
  )
}

interface ClientChoiceProps {
  readonly value: ClientSource
  readonly hasStore: boolean
  readonly choose: (value: ClientSource) => void
}

function ClientChoice({ value, hasStore, choose }: ClientChoiceProps): ReactNode {
  const id = useId()
  return (
    <div>
      <Text id={id} size="sm" fw={500}>
        {said.clientCertificate}
      </Text>
      <SegmentedControl
        aria-labelledby={id}
        value={value}
        onChange={choose}
        transitionDuration={0}
        data={[
          { value: 'none', label: said.clientNone },
          { value: 'files', label: said.clientFiles },
          { value: 'text', label: said.clientText },
          ...(hasStore || value === 'store'
            ? [{ value: 'store' as const, label: said.clientStore }]
            : []),
        ]}
      />
    </div>
  )
}
