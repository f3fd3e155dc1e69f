//! Two pieces of work whose statements go out on one session without waiting for one another's answers.

use std::future::Future;

use crate::error::Result;

/// Awaits both, polled in this order, so that their statements go out in this order; the first one's error comes before
/// the second one's. Where the first statement fails, the server refuses the second one too (25P02), and both answers may
/// come between two polls: who took the error that is seen first would report the consequence for the cause.
pub fn in_order<A, B>(
    first: impl Future<Output = Result<A>>,
    second: impl Future<Output = Result<B>>,
) -> impl Future<Output = Result<(A, B)>> {
    // Boxed: these nest, and a future holds what it awaits twice.
    let (first, second) = (Box::pin(first), Box::pin(second));
    async move {
        let (first, second) = tokio::join!(biased; first, second);
        Ok((first?, second?))
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll};

    use super::*;
    use crate::error::Error;

    #[tokio::test]
    async fn the_cause_is_reported_also_where_its_consequence_is_seen_first() {
        let mut polled = false;
        // Its answer comes right after it was looked for.
        let cause = poll_fn(move |context| {
            if polled {
                return Poll::Ready(Err::<(), _>(Error::Bug("cause".into())));
            }
            polled = true;
            context.waker().wake_by_ref();
            Poll::Pending
        });
        let consequence = async { Err::<(), _>(Error::Bug("consequence".into())) };
        let error = in_order(cause, consequence).await.unwrap_err();
        assert!(matches!(&error, Error::Bug(what) if what == "cause"), "{error}");
    }
}
