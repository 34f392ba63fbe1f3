/// The shop once more, for endpoints with `deduplication: .natural`: a copy of a message is handled
/// like the first one, and nothing shows that it came.
///
/// The messages and ``carts(post:)`` are those of the other shop. Here are the other three services,
/// with the same names and entities of the same kinds. What is different:
///
/// - **State is made of data that may be applied twice**, in any order: facts and set elements under
///   ids that follow from the message, amounts by message, a status that only rises.
/// - **What is sent follows from the message alone**, so each message carries all that those after it
///   have to say. A copy can't look anything up, since it finds another state.
///
/// And this can't be said naturally, so the shop does without it:
///
/// - *Refuse a charge that an account can't bear.* Whether it can, the balance says, and a copy finds
///   another balance: it might refuse what the first one has charged. To note the decision under the
///   message's id and let copies read it is to remember messages, which is what
///   the other algorithms are for. So accounts may be overdrawn here, as in the other shop.
/// - *Ship when two things have happened*, say paid and packed. Whether the other one has, is state
///   again. It can be said as two messages to shipping, each a fact under the order, and a parcel
///   that *is* there when both are: read off the state, and never sent as an event.
/// - *What can't be applied twice*: a letter to a customer, a cart that he submits by two clicks. For
///   these the carts service has a `Perform` and a `Session`, whose ids even `.natural` remembers,
///   for seven days.
public enum NaturalShop {}
