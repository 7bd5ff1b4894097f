import type { ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { PolicyAnswer } from '../../../console/wire/policies.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { Failed, Loading } from '../../ui/states.tsx'
import { DocumentEditor } from '../documents/document-editor.tsx'
import { pathOf, policyKind } from '../documents/document-kind.ts'
import { useCopied } from '../documents/use-copied.ts'
import { PolicyFields, policyFormKeys } from './policy-fields.tsx'
import { TryPolicy } from './try-policy.tsx'
import { PageLink } from '../documents/page-link.tsx'
import { useSuggestions } from './use-suggestions.ts'

/** A policy that is not there yet. */
export default function NewPolicyView(): ReactNode {
  const { form, fault, key } = useCopied(policyKind, 'name')
  const [, navigate] = useLocation()
  const suggest = useSuggestions(policyFormKeys)
  if (form === undefined) {
    return fault === null ? (
      <Loading what="the policy to copy" />
    ) : (
      <Failed what="the policy to copy" fault={fault} />
    )
  }
  return (
    <>
      <PageHead title="New policy" lead={<PageLink to="/policies">Policies</PageLink>} />
      <DocumentEditor<PolicyAnswer>
        kind={policyKind}
        id={undefined}
        newKey={key}
        saved={form}
        isReadOnly={false}
        shownKeys={policyFormKeys}
        suggest={suggest}
        fields={<PolicyFields />}
        below={(written) => (
          <TryPolicy id={undefined} form={written} usedBy={[]} isChanged mayChange />
        )}
        onSaved={({ id }) => navigate(pathOf(policyKind, id), { replace: true })}
      />
    </>
  )
}
