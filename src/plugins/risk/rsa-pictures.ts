// Picture and phrase that an AA-compatible engine holds, in the dialect that has them.
import type { RiskEvent } from '../../domain/risk-event.ts'
import type { BrowsedPicture, RiskDeadline, RiskProvider, SiteToUser } from '../../ports/risk.ts'
import { at, listAt, type RsaRead, textAt } from '../../xml/rsa/read.ts'
import type { RsaCall } from './rsa-call.ts'

type SiteToUserCalls = NonNullable<RiskProvider['siteToUser']>

export function createRsaPictures(call: RsaCall): SiteToUserCalls {
  return {
    async get(event, deadline) {
      const actions = ['GET_IMAGE', 'GET_PHRASE']
      return siteToUserIn(await call({ operation: 'query', event, deadline, actions }))
    },
    async set(event, { phrase, picture }, deadline) {
      const actions = [...(picture ? ['SET_IMAGE'] : []), ...(phrase === undefined ? [] : ['SET_PHRASE'])]
      if (actions.length === 0) throw new Error('neither picture nor phrase')
      const siteToUserData = { phrase, userImage: picture && { imageId: picture.id } }
      await call({ operation: 'updateUser', event, deadline, actions, fields: { siteToUserData } })
    },
    browse: (event, category, deadline) => browsed(call, { event, category, deadline }),
  }
}

function siteToUserIn(returned: RsaRead): SiteToUser {
  const data = at(returned, 'siteToUserData')
  const phrase = textAt(data, 'phrase')
  const image = at(data, 'userImage')
  const id = textAt(image, 'imageId')
  const bytes = textAt(image, 'data')
  return {
    ...(phrase !== undefined && { phrase }),
    ...(id !== undefined && {
      picture: {
        ...{ id, text: textAt(image, 'altText') ?? id },
        ...(bytes !== undefined && { data: new Uint8Array(Buffer.from(bytes, 'base64')) }),
      },
    }),
  }
}

interface Browsing {
  readonly event: RiskEvent
  readonly category: string | undefined
  readonly deadline: RiskDeadline
}

async function browsed(call: RsaCall, { event, category, deadline }: Browsing): Promise<BrowsedPicture[]> {
  if (category === undefined) {
    const actions = ['BROWSE_CATEGORIES']
    const found = at(await call({ operation: 'query', event, deadline, actions }), 'siteToUserBrowseResponse')
    return listAt(found, 'browseableImageCategories').flatMap((one) =>
      entry(textAt(one, 'categoryKey'), textAt(one, 'categoryDisplayName'), 'category'),
    )
  }
  const fields = { siteToUserBrowseRequest: { browseImageCategory: { categoryKey: category } } }
  const returned = await call({ operation: 'query', event, deadline, actions: ['BROWSE_IMAGES'], fields })
  return listAt(at(returned, 'siteToUserBrowseResponse', 'browsableImages'), 'image').flatMap((one) =>
    entry(textAt(one, 'imageId'), textAt(one, 'altText'), 'picture'),
  )
}

/** One without a name of its own cannot be chosen. */
const entry = (
  id: string | undefined,
  text: string | undefined,
  kind: BrowsedPicture['kind'],
): BrowsedPicture[] => (id === undefined ? [] : [{ id, text: text ?? id, kind }])
