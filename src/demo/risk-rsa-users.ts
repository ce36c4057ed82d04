// Customers of the demo's AA-compatible engine: made, changed and asked about, with the picture and phrase that they chose.
import { dueUser, type RsaDesk, RsaInvalid, type RsaOwn, riskSaid } from './risk-rsa-desk.ts'
import { pictureSaid, rsaCategories, rsaPictures } from './risk-rsa-pictures.ts'
import { type RsaRequest, saidAt } from './risk-rsa-request.ts'
import type { RsaTransaction, RsaUser } from './risk-rsa-state.ts'
import type { SaidFields } from './risk-rsa-wire.ts'

const asks = ({ actions }: RsaRequest, ...names: readonly string[]): boolean =>
  names.some((name) => actions.includes(name))

/** Picture and phrase of the customer, where they are asked for. */
export function siteToUserSaid({ request, dialect, user }: RsaDesk): SaidFields {
  if (dialect === '7.x' || user === undefined || !asks(request, 'GET_IMAGE', 'GET_PHRASE')) return {}
  const picture = asks(request, 'GET_IMAGE') ? rsaPictures.find(({ id }) => id === user.imageId) : undefined
  return {
    siteToUserData: {
      phrase: asks(request, 'GET_PHRASE') ? user.phrase : undefined,
      userImage: picture && pictureSaid(picture, true),
    },
  }
}

function browsed({ request, dialect, user }: RsaDesk): SaidFields {
  const wanted = ['BROWSE_CATEGORIES', 'BROWSE_IMAGES', 'GET_FAVORITES'] as const
  if (dialect === '7.x' || !asks(request, ...wanted)) return {}
  const category = saidAt(request.request, 'siteToUserBrowseRequest', 'browseImageCategory', 'categoryKey')
  const found = rsaPictures.filter((one) => category === undefined || one.category === category)
  const images = (pictures: typeof rsaPictures) => ({ image: pictures.map((one) => pictureSaid(one, false)) })
  const favorites = rsaPictures.filter(({ id }) => user?.favorites.has(id))
  return {
    siteToUserBrowseResponse: {
      browsableImages: asks(request, 'BROWSE_IMAGES') ? images(found) : undefined,
      browseableImageCategories: asks(request, 'BROWSE_CATEGORIES')
        ? rsaCategories.map(({ key, name }) => ({ categoryDisplayName: name, categoryKey: key }))
        : undefined,
      favoriteImages: asks(request, 'GET_FAVORITES') ? images(favorites) : undefined,
    },
  }
}

const runsRisk = ({ request }: RsaDesk): string | undefined => saidAt(request.request, 'runRiskType')

/** A new customer, not verified unless the caller says so. */
export function userCreated(desk: RsaDesk): RsaOwn {
  const { state, request } = desk
  if (request.user === '') throw new RsaInvalid(1106, 'no userName')
  if (desk.user !== undefined) throw new RsaInvalid(1107, 'there is such a user')
  const status = saidAt(request.request, 'identificationData', 'userStatus')
  const group = saidAt(request.request, 'identificationData', 'groupName')
  state.add({
    name: request.user,
    status: status === 'VERIFIED' ? status : 'UNVERIFIED',
    ...(group === undefined ? {} : { group }),
  })
  return {
    transaction: state.begin(request.user, request.sessionId),
    fields: { ...riskSaid(desk, runsRisk(desk)), ...browsed(desk) },
  }
}

/** Changes at once, or at COMMIT where a session of edits is open. */
export function userUpdated(desk: RsaDesk): RsaOwn {
  const { state, request } = desk
  const user = dueUser(desk)
  const transaction =
    state.transaction(user.name, request.sessionId, request.transactionId) ??
    state.begin(user.name, request.sessionId)
  const edits = editsOf(desk, user)
  if (asks(request, 'OPEN_SESSION')) state.edits.set(transaction.session, [])
  const open = state.edits.get(transaction.session)
  if (open === undefined) for (const edit of edits) edit()
  else open.push(...edits)
  closeSession(desk, transaction)
  return { transaction, fields: riskSaid(desk, runsRisk(desk)) }
}

function closeSession({ state, request }: RsaDesk, { session }: RsaTransaction): void {
  if (!asks(request, 'COMMIT', 'CANCEL', 'CLOSE_SESSION')) return
  if (asks(request, 'COMMIT')) for (const edit of state.edits.get(session) ?? []) edit()
  state.edits.delete(session)
}

/** What the actions of the request would change; checked before anything is. */
function editsOf({ request, state }: RsaDesk, user: RsaUser): (() => void)[] {
  const said = (...path: readonly string[]) => saidAt(request.request, ...path)
  const due = (action: string, value: string | undefined): string => {
    if (value === undefined) throw new RsaInvalid(1108, `${action} needs a value`)
    return value
  }
  const picture = (action: string): string => {
    const id = due(action, said('siteToUserData', 'userImage', 'imageId'))
    if (!rsaPictures.some((one) => one.id === id)) throw new RsaInvalid(1109, `no picture ${id}`)
    return id
  }
  const kinds: Readonly<Record<string, (action: string) => () => void>> = {
    SET_IMAGE: (action) => setter(user, 'imageId', picture(action)),
    SET_PHRASE: (action) => setter(user, 'phrase', due(action, said('siteToUserData', 'phrase'))),
    SET_USER_STATUS: (action) => statusSetter(user, due(action, said('identificationData', 'userStatus'))),
    SET_USER_GROUP: (action) => setter(user, 'group', due(action, said('identificationData', 'groupName'))),
    SET_USER_PREFERENCE: (action) =>
      setter(user, 'milterOption', due(action, said('userPreference', 'milterOption'))),
    UPDATE_USER_NAME: (action) => {
      const name = due(action, said('identificationData', 'newUserName'))
      return () => state.rename(user, name)
    },
    ADD_FAVORITE: (action) => {
      const id = picture(action)
      return () => void user.favorites.add(id)
    },
    DEL_FAVORITE: (action) => {
      const id = picture(action)
      return () => void user.favorites.delete(id)
    },
    CLEAR_FAVORITES: () => () => user.favorites.clear(),
  }
  return request.actions.flatMap((action) => kinds[action]?.(action) ?? [])
}

const setter =
  <K extends 'imageId' | 'phrase' | 'group' | 'milterOption'>(user: RsaUser, name: K, value: RsaUser[K]) =>
  () => {
    user[name] = value
  }

const statusSetter = (user: RsaUser, status: string) => () => {
  user.status = status
  if (status !== 'LOCKOUT') user.failures = 0
}

export function queried(desk: RsaDesk): RsaOwn {
  const { state, request, user } = desk
  const preference = asks(request, 'GET_USER_PREFERENCE') ? user?.milterOption : undefined
  return {
    transaction: state.transaction(request.user, request.sessionId, request.transactionId),
    fields: {
      browsableGroupNames: asks(request, 'BROWSE_USER_GROUP') ? ['default', 'staff'] : undefined,
      ...browsed(desk),
      ...siteToUserSaid(desk),
      userPreference: preference === undefined ? undefined : { milterOption: preference },
    },
  }
}
