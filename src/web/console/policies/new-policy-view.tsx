import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { PolicyAnswer } from '../../../console/wire/policies.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { Failed, Loading } from '../../ui/states.tsx'
import { DocumentEditor } from '../documents/document-editor.tsx'
import { pathOf, policyKind } from '../documents/document-kind.ts'
import { useCopied } from '../documents/use-copied.ts'
import { PolicyFields, policyFormKeys } from './policy-fields.tsx'
import { TryPolicy } from './try-policy.tsx'

/** A policy that is not there yet. */
export default function NewPolicyView(): ReactNode {
  const begin = useCopied(policyKind, 'name')
  const [, navigate] = useLocation()
  if (begin instanceof Error) return <Failed what="the policy to copy" fault={begin} />
  if (begin === undefined) return <Loading what="the policy to copy" />
  return (
    <>
      <PageHead title="New policy" lead={<Link href="/policies">Policies</Link>} />
      <DocumentEditor<PolicyAnswer>
        kind={policyKind}
        id={undefined}
        saved={begin}
        isReadOnly={false}
        shownKeys={policyFormKeys}
        fields={<PolicyFields />}
        below={(form) => <TryPolicy id={undefined} form={form} usedBy={[]} />}
        onSaved={({ id }) => navigate(pathOf(policyKind, id), { replace: true })}
      />
    </>
  )
}
