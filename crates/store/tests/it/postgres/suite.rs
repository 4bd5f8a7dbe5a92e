use omp_store::conformance::{NOW, databases};
use omp_store::{PostgresOptions, PostgresStore};

pub(crate) async fn open(url: &str) -> omp_store::Result<PostgresStore> {
    PostgresStore::open(&PostgresOptions::new(url, NOW)).await
}

pub(crate) async fn make() -> Box<PostgresStore> {
    Box::new(open(&databases::required().await).await.unwrap())
}

omp_store::conformance_suite!(
    #[ignore = "needs PostgreSQL: tests/postgres/run"]
    make
);
